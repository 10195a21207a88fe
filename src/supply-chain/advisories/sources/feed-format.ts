// The form of a source of advisories: reads one of its documents into what the database holds.
import type { Advisory } from '../advisory.ts'
import type { VexStatement } from '../vex/vex-statement.ts'

export interface FeedDocument {
  /** For messages: a file, or an archive and the name in it. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** EPSS of FIRST: the probability from 0 to 1 that a CVE is exploited in the next 30 days. */
export interface ExploitProbability {
  readonly cve: string
  readonly probability: number
}

export interface FeedContent {
  readonly advisories?: Iterable<Advisory>
  readonly probabilities?: Iterable<ExploitProbability>
  /** CVEs that are known to be exploited. */
  readonly exploited?: Iterable<string>
  readonly statements?: Iterable<VexStatement>
  /** When the source published or changed it, in milliseconds since 1970; undefined if the document does not say. */
  readonly time?: number
}

export interface FeedFormat {
  readonly name: string
  /** For help texts. */
  readonly brief: string
  /** Throws a UserError that names the document, the record and the field, for anything that does not have the format. Reads lazily: also while it iterates. */
  read(document: FeedDocument): FeedContent
}

/** Of one document. Debian's tracker is one file of about 70 MB. */
export const maxDocumentBytes = 400 << 20
