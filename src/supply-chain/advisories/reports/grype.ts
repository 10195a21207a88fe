// Reports of Grype (`grype -o json`).
import { cvesAmong, summaryOf } from '../advisory.ts'
import { severityOfWord } from '../cvss/severity-of-score.ts'
import type { Finding } from '../finding.ts'
import { type JsonObject, listAt, numberAt, objectAt, optionalObjectAt, optionalTextAt, textAt, textsAt } from '../record-fields.ts'
import { packageOfPurl } from './package-of-purl.ts'
import { collectFindings, type ReportFormat } from './report-format.ts'

export const grype: ReportFormat = {
  name: 'Grype',
  recognizes: document => 'matches' in document && optionalName(document['descriptor']) === 'grype',
  read: (document, where) =>
    collectFindings(
      listAt(document['matches'], `${where}: matches`).map((item, index) =>
        readMatch(objectAt(item, `${where}: matches[${index}]`), `${where}: matches[${index}]`),
      ),
      where,
    ),
}

const optionalName = (descriptor: unknown): unknown =>
  typeof descriptor === 'object' && descriptor !== null && 'name' in descriptor ? descriptor.name : undefined

function readMatch(match: JsonObject, where: string): Finding | undefined {
  const found = objectAt(match['vulnerability'], `${where}.vulnerability`)
  const id = textAt(found['id'], `${where}.vulnerability.id`)
  const artifact = objectAt(match['artifact'], `${where}.artifact`)
  const location = listAt(artifact['locations'], `${where}.artifact.locations`)
    .map((item, index) =>
      optionalTextAt(objectAt(item, `${where}.artifact.locations[${index}]`)['path'], `${where}.artifact.locations[${index}].path`),
    )
    .find(path => path !== undefined)
  const one = packageOfPurl(optionalTextAt(artifact['purl'], `${where}.artifact.purl`) ?? '', location)
  if (one === undefined) return undefined
  const related = listAt(match['relatedVulnerabilities'], `${where}.relatedVulnerabilities`).map((item, index) =>
    textAt(objectAt(item, `${where}.relatedVulnerabilities[${index}]`)['id'], `${where}.relatedVulnerabilities[${index}].id`),
  )
  const [fixedVersion] = textsAt(
    optionalObjectAt(found['fix'], `${where}.vulnerability.fix`)['versions'],
    `${where}.vulnerability.fix.versions`,
  )
  const scores = listAt(found['cvss'], `${where}.vulnerability.cvss`).flatMap((item, index) => {
    const at = `${where}.vulnerability.cvss[${index}].metrics`
    const score = optionalObjectAt(objectAt(item, at)['metrics'], at)['baseScore']
    return score === undefined ? [] : [numberAt(score, `${at}.baseScore`, 0, 10)]
  })
  const summary = summaryOf(optionalTextAt(found['description'], `${where}.vulnerability.description`))
  return {
    advisory: id,
    cves: cvesAmong([id, ...related]),
    package: one,
    severity: severityOfWord(optionalTextAt(found['severity'], `${where}.vulnerability.severity`)),
    ...(scores.length > 0 && { score: Math.max(...scores) }),
    ...(fixedVersion !== undefined && { fixedVersion }),
    ...(summary !== undefined && { summary }),
    source: 'grype',
  }
}
