"""Where the body and the lungs are in an axial CT plane: rules over connected regions, no weights.

Each plane is judged alone, so that memory stays small and no plane depends on how many came with it.
What the rules cannot know stands in their docstrings and, for readers, in the card of the model.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from samd.inference.tissue import Region

Mask = NDArray[np.bool_]

# Between fat (-190 HU and up) and foam, blankets and lung (-500 HU and down).
_SOLID_HU = -250.0
# Thinner than any part of the body that matters, thicker than the shell of a table.
_THIN_MM = 3.0
_LEAST_RADIUS_MM = 15.0
# Lung against soft tissue (Hu et al. 2001, IEEE TMI 20:490, take a threshold found near -500 HU).
_LUNG_CEILING_HU = -500.0
# Gas without tissue: airway, stomach, bowel; mean of 3 x 3 pixels, so that noise does not decide.
_GAS_HU = -930.0
_LEAST_TISSUE_SHARE = 0.25
_RIM_MM = 2.0
_LEAST_LUNG_MM2 = 1000.0


def regions(plane: NDArray[np.float32], *, pixel_spacing: tuple[float, float]) -> NDArray[np.uint8]:
    """Region of each pixel of an axial `plane` in HU; `pixel_spacing` is mm between rows, columns.

    NaN is taken as air. Limits: a body cut by the edge of the image keeps its lungs only where they
    do not reach the edge.
    """
    hounsfield = np.where(np.isnan(plane), np.float32(-1024), plane)
    found = np.zeros(plane.shape, dtype=np.uint8)
    body = body_mask(hounsfield, pixel_spacing=pixel_spacing)
    if body.any():
        box = ndimage.find_objects(body.astype(np.uint8))[0]
        inner = found[box]
        inner[body[box]] = Region.BODY
        inner[lung_mask(hounsfield[box], body[box], pixel_spacing=pixel_spacing)] = Region.LUNG
    return found


def body_mask(hounsfield: NDArray[np.float32], *, pixel_spacing: tuple[float, float]) -> Mask:
    """Everything inside the skin, gas included; air around the body and the table are not.

    A body part is a solid region in which a disc of 15 mm radius fits, once all that is thinner
    than 6 mm is taken away: a trunk and limbs pass, table shells, straps and lines do not. Limits:
    fingers are lost; a table of solid material that touches the skin is not told from it.
    """
    solid = hounsfield > _SOLID_HU
    if solid.all():
        return solid
    depth = ndimage.distance_transform_edt(solid, sampling=pixel_spacing)
    parts, count = ndimage.label(depth > _THIN_MM)
    thick = np.zeros(count + 1, dtype=np.bool_)
    thick[parts[depth >= _LEAST_RADIUS_MM]] = True
    kept: Mask = thick[parts]
    if not kept.any():
        return kept
    # A right-angled corner lies sqrt(2) times the depth from what the opening left of it.
    reach = np.sqrt(2) * _THIN_MM + max(pixel_spacing)
    restored = solid & (ndimage.distance_transform_edt(~kept, sampling=pixel_spacing) <= reach)
    return _filled(restored)


def lung_mask(hounsfield: NDArray[np.float32], body: Mask, *, pixel_spacing: tuple[float, float]) -> Mask:
    """Lung, at most -500 HU, inside `body`; gas in the windpipe, stomach and bowel is left out.

    A region of air in the plane is lung where it is at least 10 cm2 and at least a quarter of it,
    its rim aside, is denser than gas. Limits: bronchi that open into the lung in this plane count
    as lung, as may mottled stool; tips of the lung below 10 cm2 do not, nor does a pneumothorax or a
    plane of bullae with hardly any lung.
    """
    air = body & (hounsfield <= _LUNG_CEILING_HU)
    parts, count = ndimage.label(air)
    if not count:
        return air
    core = ndimage.distance_transform_edt(air, sampling=pixel_spacing) > _RIM_MM
    dense = ndimage.uniform_filter(hounsfield, 3) > _GAS_HU
    pixels = np.bincount(parts.ravel(), minlength=count + 1)
    core_pixels = np.bincount(parts[core], minlength=count + 1)
    dense_pixels = np.bincount(parts[core & dense], minlength=count + 1)
    lung = pixels * (pixel_spacing[0] * pixel_spacing[1]) >= _LEAST_LUNG_MM2
    lung &= (core_pixels > 0) & (dense_pixels >= _LEAST_TISSUE_SHARE * core_pixels)
    lung[0] = False
    mask: Mask = lung[parts]
    return mask


def _filled(mask: Mask) -> Mask:
    """`mask` with its holes: all of the background that does not reach the edge of the image."""
    background, count = ndimage.label(~mask)
    reaches = np.zeros(count + 1, dtype=np.bool_)
    for edge in (background[0], background[-1], background[:, 0], background[:, -1]):
        reaches[edge] = True
    outside: Mask = reaches[background] & ~mask
    return ~outside
