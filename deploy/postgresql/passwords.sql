-- After roles.sql, where nobody is there to type \password: taken from the environment, not from the command.

\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD
\getenv reader_password READER_PASSWORD
ALTER ROLE :"owner" PASSWORD :'owner_password';
ALTER ROLE :"app" PASSWORD :'app_password';
ALTER ROLE :"reader" PASSWORD :'reader_password';
