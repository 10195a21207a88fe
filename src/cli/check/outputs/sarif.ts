import { createHash } from 'node:crypto'
import { writeJson } from '../../../base/write-json.ts'
import { printableJson } from '../../terminal/printable.ts'
import { bulkheadVersion } from '../../terminal/version.ts'
import type { Finding } from '../finding.ts'
import type { Output, Report } from './output.ts'

/** For code scanning: SARIF 2.1.0 (OASIS). */
export const sarif: Output = {
  name: 'sarif',
  format: report => {
    const rules = [...new Set(report.findings.map(({ rule }) => rule))].toSorted()
    const driver = { name: 'bulkhead', version: bulkheadVersion, rules: rules.map(rule => ruleOf(rule, report)) }
    const run = { tool: { driver }, columnKind: 'utf16CodeUnits', results: report.findings.map(finding => resultOf(finding, rules)) }
    return printableJson({ $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] })
  },
}

function ruleOf(id: string, { describe }: Report) {
  const { title, serves } = describe(id)
  const because = serves.length === 0 ? '' : ` Required by: ${serves.join(', ')}.`
  const help = `${title}.${because} A finding with a patch shows what would pass; "bulkhead check --fix" writes it into the file. An exception needs an owner, a reason and an expiry date.`
  const properties = serves.length === 0 ? {} : { properties: { tags: serves } }
  return {
    id,
    name: id,
    shortDescription: { text: title },
    fullDescription: { text: `${title}.${because}` },
    help: { text: help },
    ...properties,
  }
}

function resultOf({ rule, severity, message, file, line, column, object, field }: Finding, rules: readonly string[]) {
  const physicalLocation = { artifactLocation: { uri: uriOf(file) }, region: { startLine: line, startColumn: column } }
  const fullyQualifiedName =
    object === undefined ? undefined : [object.kind, object.namespace, object.name, field].filter(part => part !== undefined).join('/')
  const logicalLocations = fullyQualifiedName === undefined ? {} : { logicalLocations: [{ fullyQualifiedName, kind: 'resource' }] }
  return {
    ruleId: rule,
    ruleIndex: rules.indexOf(rule),
    level: severity,
    message: { text: message },
    locations: [{ physicalLocation, ...logicalLocations }],
    partialFingerprints: { 'bulkheadCheck/v1': fingerprint([rule, file, fullyQualifiedName ?? '', message]) },
  }
}

/** Stays the same when a finding only moves to another line; code scanning uses it to find new findings. */
const fingerprint = (parts: readonly string[]): string => createHash('sha256').update(writeJson(parts)).digest('hex').slice(0, 32)

/** A relative URI, as code scanning requires, with everything encoded that is not part of a path. */
const uriOf = (file: string): string => (file === '-' ? 'stdin' : file.replace(/^\.\//, '').split('/').map(encodeURIComponent).join('/'))
