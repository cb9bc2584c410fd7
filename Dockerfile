FROM node:20-slim AS browser
WORKDIR /house
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY app/web/build_static.mjs app/web/build_static.mjs
RUN mkdir -p app/web/static && node app/web/build_static.mjs

FROM python:3.11-slim
RUN pip install --no-cache-dir uv==0.13.9 && useradd --create-home getint
WORKDIR /house
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups --no-cache
ENV PATH="/house/.venv/bin:$PATH" PYTHONUNBUFFERED=1
COPY alembic.ini atlassian-connect.json ./
COPY migrations migrations
COPY connect connect
COPY app app
COPY --from=browser /house/app/web/static/vendor app/web/static/vendor
USER getint
EXPOSE 8000
# Of the same image: "python -m app.worker" is a worker, "alembic upgrade head" the release, and
# "uvicorn app.support.console.main:app" with its own settings the console of support.
CMD ["sh", "-c", "exec uvicorn app.main:app --host 0.0.0.0 --port ${PORT:-8000} --proxy-headers --no-access-log --no-server-header"]
