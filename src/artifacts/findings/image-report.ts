// What is known of the software of an image: what the part keeps of it, and what it answers policies and people.
import type { Finding, Severity } from '../../supply-chain/advisories/finding.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'

/** Times are in milliseconds since 1970. */
export interface SbomSummary {
  readonly source: 'Attestation' | 'Image'
  /** Of the CycloneDX document that is kept. */
  readonly digest: Digest
  readonly packages: number
  /** Files that could not be read. */
  readonly skipped: number
  readonly time: number
}

/** A finding with when the cluster first knew of it, whichever image had it. */
export interface KnownFinding extends Omit<Finding, 'package' | 'summary'> {
  /** As people see it. */
  readonly package: string
  readonly version: string
  readonly firstSeen: number
  /** When a fix was first known. */
  readonly fixSeen?: number
}

export interface FindingsSummary {
  readonly counts: Readonly<Record<Severity, number>>
  readonly fixable: number
  readonly exploited: number
  /** Findings that do not concern the image, by statements of VEX; they are in no other number. */
  readonly notAffected: number
  /** Packages that no source can know. */
  readonly unmatched: number
  /** By the default table of due dates. */
  readonly due?: number
  readonly dueExposed?: number
  /** The most severe ones. */
  readonly list: readonly KnownFinding[]
}

export interface ImageReport {
  readonly digest: Digest
  /** Increases with each report, because the answers of concurrent calls may arrive out of order. */
  readonly revision: number
  readonly sbom: SbomSummary
  /** Undefined while no source of advisories is used. */
  readonly findings?: FindingsSummary
}

/** What policies evaluate. */
export type FindingsAnswer =
  | { readonly known: true; readonly findings: readonly KnownFinding[] }
  /** Why nothing is known. */
  | { readonly known: false; readonly reason: string }
