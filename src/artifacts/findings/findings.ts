// What the part asks of the software of images. One implementation does the work where it is, another passes it to a thread.

import type { PackageSearch } from '../../api/package-search.ts'
import type { SourceState } from '../../supply-chain/advisories/database/source-file.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import type { FindingsAnswer, ImageReport } from './image-report.ts'

/** What a source of this name must be. */
export interface SourceRule {
  readonly name: string
  readonly format: string
  /** `keyDigest()` of the key that must have signed it. */
  readonly key?: string
}

export interface Rematch {
  /** Images whose report is another than before. */
  readonly changed: readonly ImageReport[]
  /** What is imported, also sources that are not used. */
  readonly sources: readonly SourceState[]
}

export interface Findings extends AsyncDisposable, PackageSearch {
  /** What is kept from before, as it was matched last. */
  load(signal: AbortSignal): Promise<readonly ImageReport[]>
  /** Reads the packages of an image that was copied to this folder. Rejects with a UserError if it cannot be read. */
  scan(image: Digest, folder: string, signal: AbortSignal): Promise<ImageReport>
  /** Takes a bill of materials that somebody trusted signed, in JSON. Rejects with a UserError if it is none. */
  attest(image: Digest, document: string, signal: AbortSignal): Promise<ImageReport>
  /**
   * Takes the documents of VEX, in JSON, that somebody trusted signed for this image, in place of those from before. What cannot be read is left out.
   * Undefined if nothing changes, or if the image was not read yet.
   */
  explain(image: Digest, documents: readonly string[], signal: AbortSignal): Promise<ImageReport | undefined>
  /** Matches all images again. A source for whose name there is a rule is used only if it fits. */
  rematch(rules: readonly SourceRule[], signal: AbortSignal): Promise<Rematch>
  /** Images that run now: others make room for them. */
  used(images: readonly Digest[], signal: AbortSignal): Promise<void>
  findingsOf(image: Digest, signal: AbortSignal): Promise<FindingsAnswer>
}
