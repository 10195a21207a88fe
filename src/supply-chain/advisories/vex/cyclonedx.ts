// CycloneDX 1.4 to 1.6 with `vulnerabilities[].analysis` (cyclonedx.org/capabilities/vex).
import { UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { type JsonObject, listAt, objectAt, optionalObjectAt, optionalTextAt, textAt, textsAt, timeAt } from '../record-fields.ts'
import type { VexFormat } from './vex-format.ts'
import type { VexProduct, VexStatement, VexStatus } from './vex-statement.ts'

/** `analysis.state` of the specification. */
const states: Readonly<Record<string, VexStatus>> = {
  resolved: 'fixed',
  resolved_with_pedigree: 'fixed',
  exploitable: 'affected',
  in_triage: 'under_investigation',
  false_positive: 'not_affected',
  not_affected: 'not_affected',
}

export const cyclonedx: VexFormat = {
  name: 'CycloneDX',
  recognizes: document => document['bomFormat'] === 'CycloneDX',
  read: (document, where) => {
    const stamp = optionalObjectAt(document['metadata'], `${where}: metadata`)['timestamp']
    const time = stamp === undefined ? 0 : timeAt(stamp, `${where}: metadata.timestamp`)
    const purls = purlsByReference(document['components'], `${where}: components`)
    return listAt(document['vulnerabilities'], `${where}: vulnerabilities`).flatMap((item, index) =>
      readVulnerability(objectAt(item, `${where}: vulnerabilities[${index}]`), `${where}: vulnerabilities[${index}]`, purls, time, where),
    )
  },
}

function purlsByReference(value: unknown, where: string): ReadonlyMap<string, string> {
  const purls = new Map<string, string>()
  // The nesting of components is limited when the JSON is parsed.
  const add = (components: unknown, at: string): void => {
    for (const [index, item] of listAt(components, at).entries()) {
      const component = objectAt(item, `${at}[${index}]`)
      const reference = optionalTextAt(component['bom-ref'], `${at}[${index}].bom-ref`)
      const purl = optionalTextAt(component['purl'], `${at}[${index}].purl`)
      if (reference !== undefined && purl !== undefined) purls.set(reference, purl)
      add(component['components'], `${at}[${index}].components`)
    }
  }
  add(value, where)
  return purls
}

/** None for a vulnerability without an analysis: then the document only lists it. */
function readVulnerability(
  issue: JsonObject,
  where: string,
  purls: ReadonlyMap<string, string>,
  documentTime: number,
  origin: string,
): readonly VexStatement[] {
  const analysis = optionalObjectAt(issue['analysis'], `${where}.analysis`)
  const state = optionalTextAt(analysis['state'], `${where}.analysis.state`)
  if (state === undefined) return []
  const status = Object.hasOwn(states, state) ? states[state] : undefined
  if (status === undefined)
    throw new UserError(`${where}.analysis.state must be ${Object.keys(states).join(', ')}, got ${writeJson(state)}`)
  const justification =
    optionalTextAt(analysis['justification'], `${where}.analysis.justification`) ??
    optionalTextAt(analysis['detail'], `${where}.analysis.detail`)
  const changed = analysis['lastUpdated'] ?? issue['updated']
  const aliases = listAt(issue['references'], `${where}.references`).map((item, index) =>
    textAt(objectAt(item, `${where}.references[${index}]`)['id'], `${where}.references[${index}].id`),
  )
  return [
    {
      vulnerabilities: [textAt(issue['id'], `${where}.id`), ...aliases],
      status,
      ...(justification !== undefined && { justification }),
      products: listAt(issue['affects'], `${where}.affects`).flatMap((item, index) =>
        readAffected(item, `${where}.affects[${index}]`, purls),
      ),
      time: changed === undefined ? documentTime : timeAt(changed, `${where}.analysis.lastUpdated`),
      origin,
    },
  ]
}

/** A package URL, a reference to a component of this document, or to one of another (BOM-Link), whose fragment is its reference there. */
function readAffected(value: unknown, where: string, purls: ReadonlyMap<string, string>): readonly VexProduct[] {
  const affected = objectAt(value, where)
  const reference = textAt(affected['ref'], `${where}.ref`)
  const hash = reference.startsWith('urn:cdx:') ? reference.indexOf('#') : -1
  const id = purls.get(reference) ?? (hash === -1 ? reference : decodeOrSame(reference.slice(hash + 1)))
  textsAt(
    listAt(affected['versions'], `${where}.versions`).flatMap(one => objectAt(one, `${where}.versions`)['version'] ?? []),
    `${where}.versions`,
  )
  return [{ id, parts: [] }]
}

function decodeOrSame(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (err) {
    if (err instanceof URIError) return text
    throw err
  }
}
