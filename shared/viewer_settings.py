"""The settings of what viewers of the dashboard may bring along and keep; a part of `Settings`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class ViewerSettings(BaseSettings):
    """See settings.py."""

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
