// Red Hat's advisories and VEX files (security.access.redhat.com/data/csaf/v2), in the Common Security Advisory Framework 2.0.
import { parseBoundedJson } from '../../oci/bounded-json.ts'
import { type Advisory, type AffectedPackage, cvesAmong, type RangeEvent, summaryOf } from '../advisory.ts'
import { type CsafProducts, readCsafProducts } from '../csaf-products.ts'
import { severityOfScore, severityOfWord } from '../cvss/severity-of-score.ts'
import { ecosystemOfRelease } from '../ecosystems.ts'
import type { Severity } from '../finding.ts'
import { parsePurl } from '../parse-purl.ts'
import { type JsonObject, listAt, numberAt, objectAt, optionalObjectAt, optionalTextAt, textAt, textsAt, timeAt } from '../record-fields.ts'
import { type FeedFormat, maxDocumentBytes } from './feed-format.ts'

export const redhat: FeedFormat = {
  name: 'redhat',
  brief: 'CSAF documents of Red Hat, a folder or an archive of them',
  read: ({ name, bytes }) => {
    const file = objectAt(parseBoundedJson(bytes, maxDocumentBytes, `"${name}"`), `"${name}"`)
    const document = objectAt(file['document'], `"${name}": document`)
    const tracking = objectAt(document['tracking'], `"${name}": document.tracking`)
    const id = textAt(tracking['id'], `"${name}": document.tracking.id`)
    const time = timeAt(tracking['current_release_date'], `"${name}": document.tracking.current_release_date`)
    return { advisories: advisories(file, id, `"${name}": ${id}`), time }
  },
}

function* advisories(file: JsonObject, id: string, where: string): Generator<Advisory> {
  const products = readCsafProducts(file['product_tree'], `${where}: product_tree`)
  for (const [index, item] of listAt(file['vulnerabilities'], `${where}: vulnerabilities`).entries()) {
    const at = `${where}: vulnerabilities[${index}]`
    const issue = objectAt(item, at)
    const cve = optionalTextAt(issue['cve'], `${at}.cve`)
    const affected = affectedPackages(optionalObjectAt(issue['product_status'], `${at}.product_status`), products, `${at}.product_status`)
    const summary = summaryOf(optionalTextAt(issue['title'], `${at}.title`))
    if (affected.length > 0)
      yield { id, cves: cvesAmong([id, cve ?? '']), ...rating(issue, at), ...(summary !== undefined && { summary }), affected }
  }
}

/** A package that is fixed on a platform is not repeated as affected there. */
function affectedPackages(status: JsonObject, products: CsafProducts, where: string): AffectedPackage[] {
  const found = new Map<string, { readonly ecosystem: string; readonly name: string; readonly fixes: Set<string> }>()
  const entryOf = (id: string) => {
    const named = namedPackage(id, products)
    if (named === undefined) return undefined
    const key = `${named.ecosystem} ${named.name}`
    const entry = found.get(key) ?? { ...named, fixes: new Set<string>() }
    found.set(key, entry)
    return { entry, version: named.version }
  }
  for (const id of textsAt(status['fixed'], `${where}.fixed`)) {
    const named = entryOf(id)
    if (named?.version !== undefined) named.entry.fixes.add(named.version)
  }
  for (const id of textsAt(status['known_affected'], `${where}.known_affected`)) entryOf(id)
  const start: RangeEvent = ['introduced', '0']
  return [...found.values()].map(({ ecosystem, name, fixes }) => ({
    ecosystem,
    name,
    // Streams of modules fix the same package in several versions.
    ranges: fixes.size === 0 ? [[start]] : [...fixes].map(fixed => [start, ['fixed', fixed]] as const),
    versions: [],
  }))
}

function namedPackage(id: string, { products, components }: CsafProducts) {
  const relation = components.get(id)
  const ecosystem = relation === undefined ? undefined : releaseOf(products.get(relation.platform)?.cpe)
  const purl = relation === undefined ? undefined : parsePurl(products.get(relation.component)?.purl ?? '')
  if (relation === undefined || ecosystem === undefined) return undefined
  if (purl === undefined) return fromText(relation.component, ecosystem)
  if (purl.type !== 'rpm') return undefined
  const epoch = purl.qualifiers.get('epoch')
  return {
    ecosystem,
    name: purl.name,
    version: purl.version === undefined ? undefined : `${epoch === undefined ? '' : `${epoch}:`}${purl.version}`,
  }
}

/** Only the releases themselves: extended support has other packages. */
function releaseOf(cpe: string | undefined): string | undefined {
  const [, , vendor, product, version = ''] = cpe?.split(':') ?? []
  return vendor === 'redhat' && product === 'enterprise_linux' ? ecosystemOfRelease({ id: 'rhel', version }) : undefined
}

/** `openssl-1:3.0.7-27.el9.x86_64`, or a name alone. */
function fromText(text: string, ecosystem: string) {
  const release = text.lastIndexOf('-')
  const version = text.lastIndexOf('-', release - 1)
  const architecture = text.lastIndexOf('.')
  if (version <= 0 || architecture < release || !/[0-9]/.test(text[version + 1] ?? '')) return { ecosystem, name: text, version: undefined }
  return { ecosystem, name: text.slice(0, version), version: text.slice(version + 1, architecture) }
}

function rating(issue: JsonObject, where: string): { readonly severity: Severity; readonly score?: number } {
  const words = listAt(issue['threats'], `${where}.threats`)
    .map((threat, index) => objectAt(threat, `${where}.threats[${index}]`))
    .filter(threat => threat['category'] === 'impact')
    .map(threat => severityOfWord(optionalTextAt(threat['details'], `${where}.threats: details`)))
  const scores = listAt(issue['scores'], `${where}.scores`).flatMap((item, index) => {
    const at = `${where}.scores[${index}]`
    const score = objectAt(item, at)
    const cvss = score['cvss_v3'] ?? score['cvss_v2']
    return cvss === undefined ? [] : [numberAt(objectAt(cvss, `${at}.cvss_v3`)['baseScore'], `${at}.cvss_v3.baseScore`, 0, 10)]
  })
  const score = scores.length === 0 ? undefined : Math.max(...scores)
  // Red Hat's own rating knows how the package is built; the score does not.
  const severity = words.find(word => word !== 'unknown') ?? (score === undefined ? 'unknown' : severityOfScore(score))
  return { severity, ...(score !== undefined && { score }) }
}
