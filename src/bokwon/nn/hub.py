"""Loads and saves networks in folders and on the Hugging Face Hub, with huggingface_hub.

huggingface_hub is imported only when it is needed, so training and export work without it.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bokwon.errors import BokwonError, FileAccessError, InputFileError, accessing, importing

if TYPE_CHECKING:
    from bokwon.nn.unet import PConvUNet

__all__ = ["HubMethods"]

_Network = TypeVar("_Network", bound="HubMethods")

_REPOSITORY = re.compile(r"[\w.-]+(/[\w.-]+)?")

_CARD = """---
{{ card_data }}
---

# {{ title }}

A U-Net of partial convolutions that fills the holes of images
([Liu et al., ECCV 2018](https://arxiv.org/abs/1804.07723)). Install `bokwon[train,hub]` to use it.
{% if about %}
{{ about }}
{% endif %}
Licence of the weights: {{ licence }}.

```python
from bokwon.nn import PConvUNet

network = PConvUNet.from_pretrained("{{ repo_id }}")
output = network(image, valid)  # (N, 3, H, W) in [0, 1]; valid (N, 1, H, W) is 1 where a pixel is known
```

| setting | value |
|---|---|
{% for name, value in settings.items() %}| `{{ name }}` | `{{ value }}` |
{% endfor %}"""


class HubMethods:
    """The methods of `PConvUNet` that load and save it.

    Example:
        >>> from bokwon.nn import PConvUNet
        >>> issubclass(PConvUNet, HubMethods)
        True
    """

    @classmethod
    def from_pretrained(cls: type[_Network], name: str | Path, **options: Any) -> _Network:
        """Load a network that `save_pretrained` or `push_to_hub` wrote.

        Args:
            name: A folder, which needs no network connection; or a repository of the hub, "OWNER/NAME".
            **options: `revision`, `cache_dir`, `token`, `local_files_only`, `force_download`, `map_location`; see
                `huggingface_hub.PyTorchModelHubMixin.from_pretrained`.

        Returns:
            The network, in eval mode.

        Raises:
            MissingDependencyError: huggingface_hub is not installed.
            FileAccessError: There is no such folder or repository, or it cannot be reached.
            InputFileError: Its content is not a network, or weights and settings do not fit each other.
        """
        published = _published(cls)
        if not Path(name).is_dir() and not _REPOSITORY.fullmatch(str(name)):
            raise FileAccessError(f"{name} is neither a folder nor OWNER/NAME of the hub", "check the path")
        try:
            # If this were not strict, an incomplete file would leave random weights.
            loaded = published.from_pretrained(str(name), strict=True, **options)
        except MemoryError:
            raise
        except (RuntimeError, ValueError, TypeError, KeyError) as error:
            raise _unfit(name, error) from error
        except Exception as error:
            # Missing files and errors of the connection, whose classes differ between releases;
            # and the error of safetensors, which has no other base class.
            if type(error).__name__ == "SafetensorError":
                raise _unfit(name, error) from error
            raise FileAccessError(
                f"{name} cannot be loaded: {' '.join(str(error).split())}",
                "check the name and the connection; a folder has config.json and model.safetensors in it",
            ) from error
        network = cls(**asdict(loaded.config))
        network.load_state_dict(loaded.state_dict())  # type: ignore[attr-defined]
        return network.eval()  # type: ignore[attr-defined,no-any-return]

    def save_pretrained(self, folder: str | Path, *, licence: str = "unknown", about: str = "") -> None:
        """Write weights, settings and model card into a folder; `bokwon export` and `train --init` take it, too.

        Args:
            folder: Where; made if it is missing. A card (README.md) that already exists stays.
            licence: That of the weights, for the card; best an SPDX identifier.
            about: A paragraph for the card: data, training, limits.

        Raises:
            MissingDependencyError: huggingface_hub or jinja2 is not installed.
            FileAccessError: The folder cannot be written.
        """
        with accessing(f"{folder} cannot be written: {{error}}", "name a writable folder"):
            _copy(self).save_pretrained(folder, model_card_kwargs={"licence": licence, "about": about})

    def push_to_hub(self, repo_id: str, *, licence: str = "unknown", about: str = "", **options: Any) -> str:
        """Upload weights, settings and model card to a repository of the hub, which is made if it is missing.

        Args:
            repo_id: "OWNER/NAME".
            licence: That of the weights, for the card; best an SPDX identifier.
            about: A paragraph for the card: data, training, limits.
            **options: `private`, `token`, `branch`, `commit_message`, `create_pr`; see
                `huggingface_hub.PyTorchModelHubMixin.push_to_hub`.

        Returns:
            Address of the commit.

        Raises:
            MissingDependencyError: huggingface_hub or jinja2 is not installed.
            FileAccessError: The hub cannot be reached, or refuses the upload.
        """
        card = {"licence": licence, "about": about, "repo_id": repo_id}
        try:
            return str(_copy(self).push_to_hub(repo_id, model_card_kwargs=card, **options))
        except (BokwonError, MemoryError):
            raise
        except Exception as error:
            # The HTTP library below raises its own errors; their classes differ between releases.
            reason = " ".join(str(error).split())
            raise FileAccessError(
                f"{repo_id} cannot be uploaded: {reason[:300]}", "check the connection, and run: hf auth login"
            ) from error


def _published(cls: Any) -> Any:
    """Return a network class as a hub model: the mixin keeps the settings that an instance was made with."""
    with importing("the Hugging Face Hub needs {name}", "install it with: pip install 'bokwon[train,hub]'"):
        from huggingface_hub import PyTorchModelHubMixin

    class Published(
        PyTorchModelHubMixin,
        cls,  # type: ignore[misc]
        library_name="bokwon",
        tags=["image-inpainting", "partial-convolution"],
        pipeline_tag="image-to-image",
        paper_url="https://arxiv.org/abs/1804.07723",
        model_card_template=_CARD,
    ):
        def generate_model_card(self, *, licence: str, about: str, repo_id: str = "FOLDER", **_: Any) -> Any:
            title = repo_id.split("/")[-1] if repo_id != "FOLDER" else "PConvUNet"
            words = {"licence": licence, "about": about, "repo_id": repo_id, "title": title}
            with importing("model cards need jinja2", "install it with: pip install 'bokwon[train,hub]'"):
                card = super().generate_model_card(settings=asdict(self.config), **words)
            # The hub's own spelling of SPDX identifiers.
            card.data["license"] = licence.lower()
            return card

    return Published


def _copy(network: Any) -> Any:
    copied: PConvUNet = _published(type(network))(**asdict(network.config))
    copied.load_state_dict(network.state_dict())
    return copied


def _unfit(name: str | Path, error: Exception) -> InputFileError:
    reason = " ".join(str(error).split())
    return InputFileError(
        f"{name} holds no network of bokwon: {reason[:300]}", "give what PConvUNet.save_pretrained wrote"
    )
