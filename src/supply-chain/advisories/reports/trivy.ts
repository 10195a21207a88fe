// Reports of Trivy (`trivy image --format json`, schema version 2).
import { cvesAmong, summaryOf } from '../advisory.ts'
import { severityOfWord } from '../cvss/severity-of-score.ts'
import type { Finding } from '../finding.ts'
import {
  type JsonObject,
  listAt,
  membersAt,
  numberAt,
  objectAt,
  optionalObjectAt,
  optionalTextAt,
  textAt,
  textsAt,
} from '../record-fields.ts'
import { packageOfPurl } from './package-of-purl.ts'
import { collectFindings, type ReportFormat } from './report-format.ts'

export const trivy: ReportFormat = {
  name: 'Trivy',
  recognizes: document => document['SchemaVersion'] === 2 && 'ArtifactName' in document,
  read: (document, where) => collectFindings(findings(document, where), where),
}

function* findings(document: JsonObject, where: string): Generator<Finding | undefined> {
  for (const [index, item] of listAt(document['Results'], `${where}: Results`).entries()) {
    const at = `${where}: Results[${index}]`
    const result = objectAt(item, at)
    const target = result['Class'] === 'lang-pkgs' ? optionalTextAt(result['Target'], `${at}.Target`) : undefined
    for (const [number, found] of listAt(result['Vulnerabilities'], `${at}.Vulnerabilities`).entries())
      yield readVulnerability(objectAt(found, `${at}.Vulnerabilities[${number}]`), target, `${at}.Vulnerabilities[${number}]`)
  }
}

function readVulnerability(found: JsonObject, target: string | undefined, where: string): Finding | undefined {
  const id = textAt(found['VulnerabilityID'], `${where}.VulnerabilityID`)
  const purl = optionalTextAt(optionalObjectAt(found['PkgIdentifier'], `${where}.PkgIdentifier`)['PURL'], `${where}.PkgIdentifier.PURL`)
  const path = optionalTextAt(found['PkgPath'], `${where}.PkgPath`) ?? target
  const one = purl === undefined ? undefined : packageOfPurl(purl, path)
  if (one === undefined) return undefined
  const fixed = optionalTextAt(found['FixedVersion'], `${where}.FixedVersion`)
  const scores =
    found['CVSS'] === undefined
      ? []
      : membersAt(found['CVSS'], `${where}.CVSS`).flatMap(([source, value]) =>
          scoreOf(objectAt(value, `${where}.CVSS.${source}`), `${where}.CVSS.${source}`),
        )
  const summary = summaryOf(optionalTextAt(found['Title'], `${where}.Title`))
  return {
    advisory: id,
    cves: cvesAmong([id, ...textsAt(found['VendorIDs'], `${where}.VendorIDs`)]),
    package: one,
    severity: severityOfWord(optionalTextAt(found['Severity'], `${where}.Severity`)),
    ...(scores.length > 0 && { score: Math.max(...scores) }),
    // Several branches are written with commas.
    ...(fixed !== undefined && { fixedVersion: fixed.split(',')[0]?.trim() ?? fixed }),
    ...(summary !== undefined && { summary }),
    source: 'trivy',
  }
}

const scoreOf = (cvss: JsonObject, where: string): readonly number[] =>
  cvss['V3Score'] === undefined ? [] : [numberAt(cvss['V3Score'], `${where}.V3Score`, 0, 10)]
