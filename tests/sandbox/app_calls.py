"""The app's side of a call to Jira, signed by atlassian-jwt: a reading that is not our own."""

import atlassian_jwt


def app_authorization(method: str, path: str, app_key: str, secret: str) -> str:
    token = atlassian_jwt.encode_token(
        method, path, app_key, secret, timeout_secs=180, payload_kwargs={"iss": app_key}
    )
    return f"JWT {token}"
