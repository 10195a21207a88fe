// CycloneDX 1.6 in JSON (ECMA-424): writes and reads the components of an image or a folder.
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
import type { Origin } from './origin.ts'

/** Larger documents describe more than one image. */
export const maxDocumentBytes = 128 * 1024 * 1024
const locationProperty = 'bulkhead:location'
const maxNesting = 50

/** The document as text: the same software, tool and time give the same bytes. */
export function writeCycloneDx(software: Software, { tool, version, createdAt }: Origin): string {
  const { subject, distribution, packages } = software
  const components = [
    ...(distribution === undefined
      ? []
      : [{ 'bom-ref': 'operating-system', type: 'operating-system', name: distribution.id, version: distribution.version }]),
    ...packages.map(componentOf),
  ]
  const root = {
    'bom-ref': 'subject',
    type: subject.kind === 'image' ? 'container' : 'application',
    name: subject.name,
    ...(subject.digest === undefined ? {} : { version: subject.digest }),
  }
  const content = {
    metadata: { timestamp: createdAt, tools: { components: [{ type: 'application', name: tool, version }] }, component: root },
    components,
    dependencies: [{ ref: 'subject', dependsOn: components.map(each => each['bom-ref']) }],
  }
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(writeJson(content))}`,
    version: 1,
    ...content,
  }
  return `${writeJson(document, null, 2)}\n`
}

function componentOf(of: SoftwarePackage) {
  const url = formatPackageUrl(of)
  const group = of.type === 'npm' && of.namespace !== undefined ? `@${of.namespace}` : of.namespace
  return {
    'bom-ref': url,
    type: 'library',
    ...(group === undefined ? {} : { group }),
    name: of.name,
    version: of.version,
    ...(of.licenses === undefined ? {} : { licenses: of.licenses.map(name => ({ license: { name } })) }),
    purl: url,
    ...(of.locations.length === 0 ? {} : { properties: of.locations.map(value => ({ name: locationProperty, value })) }),
  }
}

/** A name for the content (RFC 9562, version 8: of the vendor's own making). */
function uuidOf(content: string): string {
  const hex = createHash('sha256').update(content).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Whether a JSON document is CycloneDX. */
export const isCycloneDx = (value: unknown): boolean => textOf(value, 'bomFormat') === 'CycloneDX'

/** `where` begins each message. Components without a package URL of a known type are counted as skipped. Throws a UserError. */
export function readCycloneDx(bytes: Uint8Array, where: string): Software {
  const document = parseBoundedJson(bytes, maxDocumentBytes, where)
  if (!isJsonObject(document) || !isCycloneDx(document)) throw new UserError(`${where} is not CycloneDX: bomFormat must be "CycloneDX"`)
  if (!/^1\.[2-7]$/.test(textOf(document, 'specVersion'))) throw new UserError(`${where}: specVersion must be from 1.2 to 1.7`)
  const packages: SoftwarePackage[] = []
  const skipped: { path: string; reason: string }[] = []
  let distribution: Software['distribution']
  for (const component of nested(document, where)) {
    if (textOf(component, 'type') === 'operating-system')
      distribution = { id: textOf(component, 'name'), version: textOf(component, 'version') }
    const url = textOf(component, 'purl')
    if (url === '') continue
    const found = parsePackageUrl(url)
    if (found === undefined) skipped.push({ path: url, reason: 'its type of package has no cataloguer' })
    else
      packages.push({ ...withWrittenName(found, textOf(component, 'name')), ...licensesOf(component), locations: locationsOf(component) })
  }
  const root = isJsonObject(document['metadata']) ? document['metadata']['component'] : undefined
  const digest = textOf(root, 'version')
  return {
    subject: {
      kind: textOf(root, 'type') === 'container' ? 'image' : 'directory',
      name: textOf(root, 'name') || where,
      ...(isDigest(digest) ? { digest } : {}),
    },
    ...(distribution === undefined ? {} : { distribution }),
    packages,
    skipped,
  }
}

/** Components may hold components. */
function* nested(of: unknown, where: string, depth = 0, count = { components: 0 }): Generator<unknown> {
  if (depth > maxNesting) throw new UserError(`${where}: components are nested deeper than ${maxNesting} levels`)
  for (const component of itemsOf(of, 'components')) {
    if (++count.components > maxPackages) throw new UserError(`${where} has more than ${maxPackages} components`)
    yield component
    yield* nested(component, where, depth + 1, count)
  }
}

function licensesOf(component: unknown): { licenses?: readonly string[] } {
  const licenses = itemsOf(component, 'licenses').flatMap(each => {
    const license = isJsonObject(each) ? each['license'] : undefined
    return textOf(each, 'expression') || textOf(license, 'id') || textOf(license, 'name') || []
  })
  return licenses.length === 0 ? {} : { licenses }
}

/** As this tool and Trivy write them. */
function locationsOf(component: unknown): string[] {
  return itemsOf(component, 'properties').flatMap(each => {
    const name = textOf(each, 'name')
    return name === locationProperty || name === 'aquasecurity:trivy:FilePath' ? textOf(each, 'value') || [] : []
  })
}
