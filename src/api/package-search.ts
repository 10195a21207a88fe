// Which images have a package, as the part `artifacts` answers the API server.

export interface ImageHit {
  /** The digest. */
  readonly image: string
  /** `name version` of each package that was asked for; some of them, if there are many. */
  readonly packages: readonly string[]
}

export interface PackageAnswer {
  readonly hits: readonly ImageHit[]
  /** Images that the answer has no room for. */
  readonly more: number
}

export interface PackageSearch {
  /** `text` is a package with or without its version, or an advisory by its id or CVE. Rejects with the signal's reason. */
  where(text: string, signal: AbortSignal): Promise<PackageAnswer>
}
