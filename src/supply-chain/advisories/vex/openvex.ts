// OpenVEX 0.2.0 (github.com/openvex/spec).
import { type JsonObject, listAt, objectAt, optionalTextAt, textAt, textsAt, timeAt } from '../record-fields.ts'
import type { VexFormat } from './vex-format.ts'
import { type VexProduct, type VexStatement, vexStatusAt } from './vex-statement.ts'

export const openvex: VexFormat = {
  name: 'OpenVEX',
  recognizes: document => String(document['@context']).startsWith('https://openvex.dev/ns'),
  read: (document, where) => {
    const author = optionalTextAt(document['author'], `${where}: author`)
    const time = timeAt(document['last_updated'] ?? document['timestamp'], `${where}: timestamp`)
    return listAt(document['statements'], `${where}: statements`).map((item, index) =>
      readStatement(
        objectAt(item, `${where}: statements[${index}]`),
        `${where}: statements[${index}]`,
        time,
        author === undefined ? where : `${where} by ${author}`,
      ),
    )
  },
}

function readStatement(statement: JsonObject, where: string, documentTime: number, origin: string): VexStatement {
  // Before 0.2.0 the vulnerability is a text.
  const given = statement['vulnerability']
  const vulnerability = typeof given === 'string' ? { name: given } : objectAt(given, `${where}.vulnerability`)
  const named = vulnerability['name'] ?? vulnerability['@id']
  const justification =
    optionalTextAt(statement['justification'], `${where}.justification`) ??
    optionalTextAt(statement['impact_statement'], `${where}.impact_statement`)
  const changed = statement['last_updated'] ?? statement['timestamp']
  return {
    vulnerabilities: [textAt(named, `${where}.vulnerability.name`), ...textsAt(vulnerability['aliases'], `${where}.vulnerability.aliases`)],
    status: vexStatusAt(statement['status'], `${where}.status`),
    ...(justification !== undefined && { justification }),
    products: listAt(statement['products'], `${where}.products`).flatMap((item, index) => readProduct(item, `${where}.products[${index}]`)),
    time: changed === undefined ? documentTime : timeAt(changed, `${where}.timestamp`),
    origin,
  }
}

/** One for each of its identifiers. */
function readProduct(value: unknown, where: string): readonly VexProduct[] {
  const parts =
    typeof value === 'string'
      ? []
      : listAt(objectAt(value, where)['subcomponents'], `${where}.subcomponents`).flatMap((part, index) =>
          idsOf(part, `${where}.subcomponents[${index}]`),
        )
  return idsOf(value, where).map(id => ({ id, parts }))
}

function idsOf(value: unknown, where: string): readonly string[] {
  if (typeof value === 'string') return [textAt(value, where)]
  const component = objectAt(value, where)
  const id = optionalTextAt(component['@id'], `${where}.@id`)
  const identifiers = component['identifiers'] === undefined ? {} : objectAt(component['identifiers'], `${where}.identifiers`)
  const purl = optionalTextAt(identifiers['purl'], `${where}.identifiers.purl`)
  return [...new Set([id, purl].filter(one => one !== undefined))]
}
