"""The parent of several server processes: it starts them, replaces those that die, and ends them together."""

import asyncio
import logging
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from tempfile import TemporaryDirectory

from prometheus_client.multiprocess import mark_process_dead

from moderation import logs, serving
from moderation.serving import LAST, SIGNALS
from moderation.web.scrape import FOLDER

# Seconds before a worker that died is replaced: one that dies at once must not keep the machine busy.
PAUSE = 0.5


def keep(sockets: list[socket.socket], workers: int, ready: Callable[[], None], *, verbose: bool) -> bool:
    """Serves with so many processes until a signal; whether all of them ended well."""
    with TemporaryDirectory(prefix="moderation-") as folder:
        return asyncio.run(Parent(sockets, folder, ready, verbose=verbose).run(workers))


class Parent:
    def __init__(
        self, sockets: list[socket.socket], folder: str, ready: Callable[[], None], *, verbose: bool
    ) -> None:
        self._sockets = sockets
        self._folder = folder
        self._ready = ready
        self._verbose = verbose
        self._ends = False
        self._well = True
        # Those that have not served yet, since the very first start.
        self._awaited: set[int] = set()
        self._processes: dict[int, Process] = {}
        self._lives: dict[int, asyncio.StreamWriter] = {}

    async def run(self, workers: int) -> bool:
        loop = asyncio.get_running_loop()
        for one in SIGNALS:
            loop.add_signal_handler(one, self._signalled)
        self._awaited = set(range(1, workers + 1))
        await asyncio.gather(*map(self._keep, list(self._awaited)))
        return self._well

    def _signalled(self) -> None:
        if self._ends:
            self._kill()
        else:
            self._end()

    def _end(self) -> None:
        self._ends = True
        serving.close(self._sockets)
        for life in self._lives.values():
            life.close()
        asyncio.get_running_loop().call_later(LAST + 1, self._kill)

    def _kill(self) -> None:
        self._well = False
        for process in self._processes.values():
            process.kill()

    async def _keep(self, number: int) -> None:
        while not self._ends:
            served, code = await self._one_life(number)
            if self._ends:
                self._well &= code == 0
            elif not served and number in self._awaited:
                logs.tell("worker did not start", level=logging.ERROR, worker=number, code=code)
                self._well = False
                self._end()
            else:
                logs.tell("worker died and is replaced", level=logging.ERROR, worker=number, code=code)
                await asyncio.sleep(PAUSE)

    async def _one_life(self, number: int) -> tuple[bool, int]:
        """Whether it served at all, and the code it ended with."""
        ours, theirs = socket.socketpair()
        reader, self._lives[number] = await asyncio.open_connection(sock=ours)
        with theirs:
            if self._ends:
                return False, 0
            process = self._processes[number] = await self._started(number, theirs)
        served = await reader.read(1) != b""
        if served and number in self._awaited:
            self._awaited.remove(number)
            if not self._awaited:
                self._ready()
        code = await process.wait()
        del self._processes[number]
        self._lives.pop(number).close()
        mark_process_dead(process.pid, self._folder)  # type: ignore[no-untyped-call]
        return served, code

    async def _started(self, number: int, life: socket.socket) -> Process:
        files = [life.fileno(), *(one.fileno() for one in self._sockets)]
        return await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-P",
                "-m",
                serving.__name__,
                str(number),
                str(int(self._verbose)),
                *map(str, files),
            ),
            pass_fds=files,
            process_group=0,  # what a terminal sends, it sends to the parent alone
            env={**os.environ, FOLDER: self._folder},
        )
