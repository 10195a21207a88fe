// The packages of an image, by what its layers have.
import type { ImageSource } from '../oci/image-source.ts'
import { type ImageLimits, imageLimits, readImageFiles } from '../oci/layers/image-files.ts'
import type { ReadableImage } from '../oci/resolve-image.ts'
import { type Catalogue, CatalogueBuilder } from './catalogue.ts'
import { cataloguers } from './cataloguers/index.ts'

/** Rejects with a UserError if a layer is not what the image says, damaged, or beyond a limit. */
export async function catalogueImage(
  source: ImageSource,
  image: ReadableImage,
  signal: AbortSignal,
  limits: ImageLimits = imageLimits,
): Promise<Catalogue> {
  const builder = new CatalogueBuilder(cataloguers.filter(({ finds }) => finds === 'installed'))
  return builder.finish(await readImageFiles(source, image, builder, signal, limits))
}
