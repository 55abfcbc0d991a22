#!/bin/sh
# One database and one login per service; run by PostgreSQL's image once, on an empty data folder.
set -eu
for role in identity prescription inventory settlement order dispatch supervision sandbox channels; do
  password=$(cat "/secrets/$role.password")
  psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<SQL
CREATE ROLE liufang_$role LOGIN PASSWORD '$password';
CREATE DATABASE liufang_$role OWNER liufang_$role ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
REVOKE ALL ON DATABASE liufang_$role FROM PUBLIC;
SQL
done
