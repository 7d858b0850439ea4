"""The ids that stand in the paths of the interface, each with its meaning."""

from typing import Annotated

from fastapi import Path

Report = Annotated[str, Path(description="which report, by the `id` that the answer to its filing gave")]
Lost = Annotated[str, Path(description="which lost pet, by the `id` of its report")]
Found = Annotated[str, Path(description="which found animal or sighting, by the `id` of its report")]
Photo = Annotated[str, Path(description="which photo, by the `id` that its report names")]
Camera = Annotated[str, Path(description="which camera, by the `id` that the operators gave it")]
Sighting = Annotated[str, Path(description="which sighting of this camera, by its `id`")]
Account = Annotated[str, Path(description="which account, by the `id` that `POST /accounts` answers")]
Handover = Annotated[str, Path(description="which conversation, by its `id`")]
Message = Annotated[int, Path(description="which message of this conversation, by its `id`")]
Key = Annotated[str, Path(description="which key, by its `id`: not the secret itself")]
Block = Annotated[str, Path(description="which block, by its `id`")]
Petition = Annotated[str, Path(description="which request, by the `id` that opens its answer")]
