// Parses what a process without rights found: that process read hostile content, so its answer is checked like any input.
import { isJsonObject, isTexts } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { isDigest } from '../oci/digest.ts'
import type { Platform } from '../oci/image-source.ts'
import type { SkippedFile } from '../oci/layers/image-files.ts'
import { maxLocations, maxNameLength, maxPackages } from './catalogue.ts'
import { packageTypes } from './package-url.ts'
import type { Software, SoftwareSubject } from './software.ts'
import type { Distribution, SoftwarePackage } from './software-package.ts'

const maxTextLength = 4096
const maxLicenses = 50
const maxSkipped = 1_000_000

const malformed = (field: string): UserError => new UserError(`The list of packages is malformed: ${field}`)

const isText = (value: unknown, most = maxTextLength): value is string => typeof value === 'string' && value.length <= most

/** Throws a UserError that names the field. */
export function parseSoftware(value: unknown): Software {
  if (!isJsonObject(value)) throw malformed('it is no object')
  const { subject, distribution, packages, skipped } = value
  if (!Array.isArray(packages) || packages.length > maxPackages) throw malformed('packages')
  if (!Array.isArray(skipped) || skipped.length > maxSkipped) throw malformed('skipped')
  const parsed = parseDistribution(distribution)
  return {
    subject: parseSubject(subject),
    ...(parsed === undefined ? {} : { distribution: parsed }),
    packages: packages.map(parsePackage),
    skipped: skipped.map(parseSkipped),
  }
}

function parseSubject(value: unknown): SoftwareSubject {
  if (!isJsonObject(value)) throw malformed('subject')
  const { kind, name, digest, platform } = value
  if ((kind !== 'image' && kind !== 'directory') || !isText(name)) throw malformed('subject')
  if (digest !== undefined && (typeof digest !== 'string' || !isDigest(digest))) throw malformed('subject.digest')
  const parsed = parsePlatform(platform)
  return { kind, name, ...(digest === undefined ? {} : { digest }), ...(parsed === undefined ? {} : { platform: parsed }) }
}

function parsePlatform(value: unknown): Platform | undefined {
  if (value === undefined) return undefined
  if (!isJsonObject(value)) throw malformed('subject.platform')
  const { os, architecture, variant } = value
  if (!isText(os) || !isText(architecture) || (variant !== undefined && !isText(variant))) throw malformed('subject.platform')
  return { os, architecture, ...(variant === undefined ? {} : { variant }) }
}

function parseDistribution(value: unknown): Distribution | undefined {
  if (value === undefined) return undefined
  if (!isJsonObject(value) || !isText(value['id']) || !isText(value['version'])) throw malformed('distribution')
  return { id: value['id'], version: value['version'] }
}

function parseSkipped(value: unknown, at: number): SkippedFile {
  if (!isJsonObject(value) || !isText(value['path'], 8192) || !isText(value['reason'], 8192)) throw malformed(`skipped[${at}]`)
  return { path: value['path'], reason: value['reason'] }
}

function parsePackage(value: unknown, at: number): SoftwarePackage {
  const where = `packages[${at}]`
  if (!isJsonObject(value)) throw malformed(where)
  const { namespace, name, version, architecture, source, distribution, licenses, locations } = value
  const type = packageTypes.find(each => each === value['type'])
  if (type === undefined) throw malformed(`${where}.type`)
  if (!isText(name, maxNameLength) || name === '') throw malformed(`${where}.name`)
  if (!isText(version, maxNameLength)) throw malformed(`${where}.version`)
  if (namespace !== undefined && !isText(namespace, maxNameLength)) throw malformed(`${where}.namespace`)
  if (architecture !== undefined && !isText(architecture, maxNameLength)) throw malformed(`${where}.architecture`)
  if (!isTexts(locations) || locations.length > maxLocations || !locations.every(each => isText(each, 8192)))
    throw malformed(`${where}.locations`)
  if (licenses !== undefined && (!isTexts(licenses) || licenses.length > maxLicenses || !licenses.every(each => isText(each))))
    throw malformed(`${where}.licenses`)
  const parsed = parseDistribution(distribution)
  return {
    type,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    version,
    ...(architecture === undefined ? {} : { architecture }),
    ...(source === undefined ? {} : { source: parseSource(source, where) }),
    ...(parsed === undefined ? {} : { distribution: parsed }),
    ...(licenses === undefined ? {} : { licenses }),
    locations,
  }
}

function parseSource(value: unknown, where: string): { name: string; version: string } {
  if (!isJsonObject(value) || !isText(value['name'], maxNameLength) || !isText(value['version'], maxNameLength))
    throw malformed(`${where}.source`)
  return { name: value['name'], version: value['version'] }
}
