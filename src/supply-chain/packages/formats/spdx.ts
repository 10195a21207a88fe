// SPDX 2.3 in JSON (ISO/IEC 5962): writes and reads the packages of an image or a folder.
import { createHash } from 'node:crypto'
import { isJsonObject } from '../../../base/json.ts'
import { UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { parseBoundedJson } from '../../oci/bounded-json.ts'
import { isDigest } from '../../oci/digest.ts'
import { maxPackages } from '../catalogue.ts'
import { itemsOf, textOf } from '../json-file.ts'
import { formatPackageUrl, parsePackageUrl, withWrittenName } from '../package-url.ts'
import type { Software } from '../software.ts'
import type { SoftwarePackage } from '../software-package.ts'
import { maxDocumentBytes } from './cyclonedx.ts'
import type { Origin } from './origin.ts'

const subjectId = 'SPDXRef-Subject'
const noAssertion = 'NOASSERTION'
const locationPrefix = 'found in '

/** The document as text: the same software, tool and time give the same bytes. */
export function writeSpdx(software: Software, { tool, version, createdAt }: Origin): string {
  const { subject, distribution, packages } = software
  const entries = packages.map(of => ({ id: idOf(formatPackageUrl(of)), of }))
  const root = {
    SPDXID: subjectId,
    name: subject.name,
    ...(subject.digest === undefined ? {} : { versionInfo: subject.digest, checksums: checksumOf(subject.digest) }),
    ...common,
    primaryPackagePurpose: subject.kind === 'image' ? 'CONTAINER' : 'SOURCE',
  }
  const system =
    distribution === undefined
      ? []
      : [
          {
            SPDXID: 'SPDXRef-OperatingSystem',
            name: distribution.id,
            versionInfo: distribution.version,
            ...common,
            primaryPackagePurpose: 'OPERATING-SYSTEM',
          },
        ]
  const all = [root, ...system, ...entries.map(({ id, of }) => packageEntry(id, of))]
  const relationships = [
    { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: subjectId },
    ...all.slice(1).map(({ SPDXID }) => ({ spdxElementId: subjectId, relationshipType: 'CONTAINS', relatedSpdxElement: SPDXID })),
  ]
  const hash = createHash('sha256').update(writeJson({ all, createdAt, version })).digest('hex')
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: subject.name,
    documentNamespace: `https://bulkhead.dev/spdx/${hash}`,
    creationInfo: { created: createdAt, creators: [`Tool: ${tool}-${version}`] },
    packages: all,
    relationships,
  }
  return `${writeJson(document, null, 2)}\n`
}

const common = { downloadLocation: noAssertion, filesAnalyzed: false, licenseConcluded: noAssertion, copyrightText: noAssertion }

/** The package URL may hold characters that an id must not have. */
const idOf = (url: string): string => `SPDXRef-Package-${createHash('sha256').update(url).digest('hex').slice(0, 32)}`

const checksumOf = (digest: string) => [
  { algorithm: digest.startsWith('sha512:') ? 'SHA512' : 'SHA256', checksumValue: digest.slice(digest.indexOf(':') + 1) },
]

function packageEntry(id: string, of: SoftwarePackage) {
  const group = of.type === 'npm' && of.namespace !== undefined ? `@${of.namespace}/` : of.namespace === undefined ? '' : `${of.namespace}/`
  return {
    SPDXID: id,
    name: `${group}${of.name}`,
    ...(of.version === '' ? {} : { versionInfo: of.version }),
    ...common,
    // Packages state names of many kinds: only text that is surely an SPDX id is stated here.
    licenseDeclared: of.licenses?.length === 1 && knownLicenses.has(of.licenses[0] ?? '') ? of.licenses[0] : noAssertion,
    ...(of.licenses === undefined ? {} : { licenseComments: of.licenses.join(', ') }),
    ...(of.locations.length === 0 ? {} : { sourceInfo: `${locationPrefix}${of.locations.join(', ')}` }),
    primaryPackagePurpose: 'LIBRARY',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: formatPackageUrl(of) }],
  }
}

/** The most used of SPDX' list. Another license is stated in the comment. */
const knownLicenses: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'GPL-2.0-only',
  'GPL-2.0-or-later',
  'GPL-3.0-only',
  'GPL-3.0-or-later',
  'ISC',
  'LGPL-2.1-only',
  'LGPL-2.1-or-later',
  'MIT',
  'MPL-2.0',
  'Unlicense',
  'Zlib',
])

/** Whether a JSON document is SPDX. */
export const isSpdx = (value: unknown): boolean => textOf(value, 'spdxVersion').startsWith('SPDX-')

/** `where` begins each message. Packages without a package URL of a known type are counted as skipped. Throws a UserError. */
export function readSpdx(bytes: Uint8Array, where: string): Software {
  const document = parseBoundedJson(bytes, maxDocumentBytes, where)
  if (!isJsonObject(document) || !isSpdx(document)) throw new UserError(`${where} is not SPDX: spdxVersion is missing`)
  if (!/^SPDX-2\.[23]$/.test(textOf(document, 'spdxVersion'))) throw new UserError(`${where}: spdxVersion must be SPDX-2.2 or SPDX-2.3`)
  const entries = itemsOf(document, 'packages')
  if (entries.length > maxPackages) throw new UserError(`${where} has more than ${maxPackages} packages`)
  const packages: SoftwarePackage[] = []
  const skipped: { path: string; reason: string }[] = []
  let distribution: Software['distribution']
  for (const entry of entries) {
    if (textOf(entry, 'primaryPackagePurpose') === 'OPERATING-SYSTEM')
      distribution = { id: textOf(entry, 'name'), version: textOf(entry, 'versionInfo') }
    const url = itemsOf(entry, 'externalRefs').find(each => textOf(each, 'referenceType') === 'purl')
    if (url === undefined) continue
    const found = parsePackageUrl(textOf(url, 'referenceLocator'))
    if (found === undefined) skipped.push({ path: textOf(url, 'referenceLocator'), reason: 'its type of package has no cataloguer' })
    else packages.push({ ...withWrittenName(found, textOf(entry, 'name')), ...licensesOf(entry), locations: locationsOf(entry) })
  }
  const described = describedBy(document, entries)
  const digest = textOf(described, 'versionInfo')
  return {
    subject: {
      kind: textOf(described, 'primaryPackagePurpose') === 'CONTAINER' ? 'image' : 'directory',
      name: textOf(described, 'name') || textOf(document, 'name') || where,
      ...(isDigest(digest) ? { digest } : {}),
    },
    ...(distribution === undefined ? {} : { distribution }),
    packages,
    skipped,
  }
}

function describedBy(document: unknown, entries: readonly unknown[]): unknown {
  const relation = itemsOf(document, 'relationships').find(each => textOf(each, 'relationshipType') === 'DESCRIBES')
  const id = textOf(relation, 'relatedSpdxElement')
  return entries.find(entry => textOf(entry, 'SPDXID') === id)
}

function licensesOf(entry: unknown): { licenses?: readonly string[] } {
  const license = textOf(entry, 'licenseComments') || textOf(entry, 'licenseDeclared')
  return license === '' || license === noAssertion || license === 'NONE' ? {} : { licenses: [license] }
}

function locationsOf(entry: unknown): string[] {
  const text = textOf(entry, 'sourceInfo')
  return text.startsWith(locationPrefix) ? text.slice(locationPrefix.length).split(', ') : []
}
