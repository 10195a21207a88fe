// One piece of software in an image, as a catalogue finds it and as a bill of materials (CycloneDX, SPDX) and an advisory name it.

/** Types of the package URL specification (purl-spec, PURL-TYPES). */
export type PackageType = 'apk' | 'cargo' | 'composer' | 'deb' | 'gem' | 'golang' | 'maven' | 'npm' | 'pypi' | 'rpm'

/** The distribution that an image is made of: `ID` and `VERSION_ID` of its os-release file. */
export interface Distribution {
  readonly id: string
  readonly version: string
}

export interface SoftwarePackage {
  readonly type: PackageType
  /** A scope of npm without `@`, a group of Maven, the vendor of Composer; unset if the type has none. */
  readonly namespace?: string
  readonly name: string
  readonly version: string
  readonly architecture?: string
  /** The source package, which advisories of a distribution name. Set only where it differs in name or version. */
  readonly source?: { readonly name: string; readonly version: string }
  /** Of packages of the operating system. */
  readonly distribution?: Distribution
  /** SPDX expressions or names, as the package states them. */
  readonly licenses?: readonly string[]
  /** Files of the image that prove it, absolute. */
  readonly locations: readonly string[]
}
