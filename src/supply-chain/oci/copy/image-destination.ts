// Where images are copied to: an OCI layout, or a repository of a registry.
import type { Descriptor } from '../image-source.ts'

export interface ImageDestination {
  /** Stores a blob unless it is there. `content` is verified by the reader. */
  putBlob(descriptor: Descriptor, content: () => AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>
  /** Stores a manifest whose blobs and manifests are stored; `tag` names it, if it is to have a name. */
  putManifest(descriptor: Descriptor, bytes: Uint8Array, tag: string | undefined, signal: AbortSignal): Promise<void>
}
