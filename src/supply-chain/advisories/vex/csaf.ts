// CSAF 2.0 documents of any publisher as VEX (docs.oasis-open.org/csaf, profile 5).

import { type CsafProducts, readCsafProducts } from '../csaf-products.ts'
import { type JsonObject, listAt, objectAt, optionalObjectAt, optionalTextAt, textAt, textsAt, timeAt } from '../record-fields.ts'
import type { VexFormat } from './vex-format.ts'
import type { VexProduct, VexStatement, VexStatus } from './vex-statement.ts'

/** `product_status` of a vulnerability. */
const statuses: Readonly<Record<string, VexStatus>> = {
  known_not_affected: 'not_affected',
  known_affected: 'affected',
  fixed: 'fixed',
  under_investigation: 'under_investigation',
}

export const csaf: VexFormat = {
  name: 'CSAF',
  recognizes: document => 'document' in document && 'product_tree' in document,
  read: (file, where) => {
    const document = objectAt(file['document'], `${where}: document`)
    const tracking = objectAt(document['tracking'], `${where}: document.tracking`)
    const time = timeAt(tracking['current_release_date'], `${where}: document.tracking.current_release_date`)
    const publisher = optionalTextAt(
      optionalObjectAt(document['publisher'], `${where}: document.publisher`)['name'],
      `${where}: document.publisher.name`,
    )
    const products = readCsafProducts(file['product_tree'], `${where}: product_tree`)
    return listAt(file['vulnerabilities'], `${where}: vulnerabilities`).flatMap((item, index) => {
      const at = `${where}: vulnerabilities[${index}]`
      return readVulnerability(objectAt(item, at), at, products, time, publisher === undefined ? where : `${where} by ${publisher}`)
    })
  },
}

function readVulnerability(
  issue: JsonObject,
  where: string,
  products: CsafProducts,
  time: number,
  origin: string,
): readonly VexStatement[] {
  const ids = listAt(issue['ids'], `${where}.ids`).map((item, index) =>
    textAt(objectAt(item, `${where}.ids[${index}]`)['text'], `${where}.ids[${index}].text`),
  )
  const cve = optionalTextAt(issue['cve'], `${where}.cve`)
  const vulnerabilities = cve === undefined ? ids : [cve, ...ids]
  const status = optionalObjectAt(issue['product_status'], `${where}.product_status`)
  const reasons = readReasons(issue, where)
  return Object.entries(statuses).flatMap(([name, state]) =>
    textsAt(status[name], `${where}.product_status.${name}`).flatMap((id): VexStatement[] => {
      const named = productOf(id, products)
      const justification = reasons.get(id)
      return named === undefined
        ? []
        : [{ vulnerabilities, status: state, ...(justification !== undefined && { justification }), products: [named], time, origin }]
    }),
  )
}

/** Labels of `flags`, else the details of an `impact` among the threats, by product id. */
function readReasons(issue: JsonObject, where: string): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>()
  const add = (list: unknown, at: string, field: string, category?: string) => {
    for (const [index, item] of listAt(list, at).entries()) {
      const reason = objectAt(item, `${at}[${index}]`)
      if (category !== undefined && reason['category'] !== category) continue
      const text = textAt(reason[field], `${at}[${index}].${field}`)
      for (const id of textsAt(reason['product_ids'], `${at}[${index}].product_ids`)) reasons.set(id, text)
    }
  }
  add(issue['threats'], `${where}.threats`, 'details', 'impact')
  add(issue['flags'], `${where}.flags`, 'label')
  return reasons
}

/** A package, or a package as part of a product; undefined for products without a package URL. */
function productOf(id: string, { products, components }: CsafProducts): VexProduct | undefined {
  const relation = components.get(id)
  if (relation === undefined) {
    const purl = products.get(id)?.purl
    return purl === undefined ? undefined : { id: purl, parts: [] }
  }
  const component = products.get(relation.component)?.purl
  const platform = products.get(relation.platform)?.purl
  if (component === undefined) return undefined
  // A platform that is an image limits the statement to it; a release of a distribution is in the package URL.
  return platform === undefined ? { id: component, parts: [] } : { id: platform, parts: [component] }
}
