"""The settings of what viewers of the dashboard may see, bring along and keep, and of what is told by itself.

A part of `Settings`.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class ViewerSettings(BaseSettings):
    """See settings.py."""

    dashboard_pictures: Literal["shown", "blurred", "none"] = Field(
        "shown",
        description="The most that the dashboard shows of pictures: `shown`, `blurred` (no face can be recognised) or `none` (no picture leaves it). A viewer may ask for less.",
    )
    dashboard_media: Path | None = Field(
        None, description="Folder from which viewers may open files as sources; empty: none."
    )
    dashboard_recordings: Path = Field(
        Path("recordings"), description="Folder for what viewers record, as seen from where the dashboard is started."
    )
    dashboard_upload_mb: int = Field(2048, ge=1, le=1_000_000, description="Limit on an uploaded file, in megabytes.")
    dashboard_upload_hours: float = Field(
        24.0, gt=0, le=8760, description="Uploads are deleted after so many hours, at the latest with the dashboard."
    )
    dashboard_rules: str = Field(
        "",
        description="Comma-separated rules as in `sad > 0.6 for 10 s`, `cam0: happy > 0.8 for 2 s`; whenever one begins to hold for a face, `AFFECT_DASHBOARD_WEBHOOK` is told.",
    )
    dashboard_webhook: str = Field(
        "", description="URL to which that is sent, as a POST of JSON (docs/api.md). Nothing is sent without both."
    )
