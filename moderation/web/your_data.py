"""What is kept of whom, why and how long: written from the settings, so that it says what is done."""

from fastapi import APIRouter, Response

from moderation.web.dependencies import ThisApp

router = APIRouter()


@router.get("/your-data")
def show(app: ThisApp) -> Response:
    return app.page("your_data.html", None, headers={"Cache-Control": "public, no-cache"})
