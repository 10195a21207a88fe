// SARIF 2.1.0 of vulnerability scanners: of Bulkhead, with package URLs in its properties, and of Trivy, whose messages are lines of names and values.
import { writeJson } from '../../../base/write-json.ts'
import { cvesAmong, summaryOf } from '../advisory.ts'
import { severityOfScore, severityOfWord } from '../cvss/severity-of-score.ts'
import type { Finding } from '../finding.ts'
import { type JsonObject, listAt, objectAt, optionalObjectAt, optionalTextAt, textAt } from '../record-fields.ts'
import { packageOfPurl } from './package-of-purl.ts'
import { collectFindings, type ReportFormat } from './report-format.ts'

export const sarif: ReportFormat = {
  name: 'SARIF',
  recognizes: document => document['version'] === '2.1.0' && Array.isArray(document['runs']),
  read: (document, where) => collectFindings(findings(document, where), where),
}

function* findings(document: JsonObject, where: string): Generator<Finding | undefined> {
  for (const [index, item] of listAt(document['runs'], `${where}: runs`).entries()) {
    const at = `${where}: runs[${index}]`
    const run = objectAt(item, at)
    const driver = objectAt(objectAt(run['tool'], `${at}.tool`)['driver'], `${at}.tool.driver`)
    const source = textAt(driver['name'], `${at}.tool.driver.name`).toLowerCase()
    const rules = new Map(
      listAt(driver['rules'], `${at}.tool.driver.rules`).map((rule, number) => {
        const read = objectAt(rule, `${at}.tool.driver.rules[${number}]`)
        return [textAt(read['id'], `${at}.tool.driver.rules[${number}].id`), read]
      }),
    )
    for (const [number, result] of listAt(run['results'], `${at}.results`).entries())
      yield readResult(objectAt(result, `${at}.results[${number}]`), rules, source, `${at}.results[${number}]`)
  }
}

function readResult(result: JsonObject, rules: ReadonlyMap<string, JsonObject>, source: string, where: string): Finding | undefined {
  const id = textAt(result['ruleId'], `${where}.ruleId`)
  const rule = rules.get(id) ?? {}
  const message = optionalTextAt(optionalObjectAt(result['message'], `${where}.message`)['text'], `${where}.message.text`) ?? ''
  const properties = optionalObjectAt(result['properties'], `${where}.properties`)
  const ruleProperties = optionalObjectAt(rule['properties'], `${where}: rule ${writeJson(id)}: properties`)
  const purl =
    optionalTextAt(properties['purl'], `${where}.properties.purl`) ??
    optionalTextAt(ruleProperties['purls'] === undefined ? undefined : firstOf(ruleProperties['purls']), `${where}: purls`)
  const one = purl === undefined ? undefined : packageOfPurl(purl, locationOf(result, where))
  if (one === undefined) return undefined
  const fixedVersion = optionalTextAt(properties['fixedVersion'], `${where}.properties.fixedVersion`) ?? lineOf(message, 'Fixed Version')
  const score = scoreOf(ruleProperties['security-severity'])
  const word = severityOfWord(optionalTextAt(properties['severity'], `${where}.properties.severity`) ?? lineOf(message, 'Severity'))
  const summary = summaryOf(
    optionalTextAt(optionalObjectAt(rule['shortDescription'], `${where}: shortDescription`)['text'], `${where}: shortDescription.text`),
  )
  return {
    advisory: id,
    cves: cvesAmong([id]),
    package: one,
    severity: word === 'unknown' && score !== undefined ? severityOfScore(score) : word,
    ...(score !== undefined && { score }),
    ...(fixedVersion !== undefined && fixedVersion !== '' && { fixedVersion }),
    ...(summary !== undefined && { summary }),
    source,
  }
}

const firstOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : undefined)

/** The value of `Name: value` on a line of its own. */
function lineOf(message: string, name: string): string | undefined {
  return message
    .split('\n', 50)
    .find(line => line.startsWith(`${name}: `))
    ?.slice(name.length + 2)
    .trim()
}

/** GitHub's convention: a number as text. */
function scoreOf(value: unknown): number | undefined {
  const score = typeof value === 'string' && /^[0-9]{1,2}(?:\.[0-9])?$/.test(value) ? Number(value) : undefined
  return score !== undefined && score <= 10 ? score : undefined
}

function locationOf(result: JsonObject, where: string): string | undefined {
  const [first] = listAt(result['locations'], `${where}.locations`)
  if (first === undefined) return undefined
  const physical = optionalObjectAt(objectAt(first, `${where}.locations[0]`)['physicalLocation'], `${where}.locations[0].physicalLocation`)
  const artifact = optionalObjectAt(physical['artifactLocation'], `${where}.locations[0].physicalLocation.artifactLocation`)
  return optionalTextAt(artifact['uri'], `${where}.locations[0].physicalLocation.artifactLocation.uri`)
}
