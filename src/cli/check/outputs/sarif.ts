import { bulkheadVersion } from '../../version.ts'
import type { Finding } from '../finding.ts'
import type { Output, Report } from './output.ts'

/** For code scanning: SARIF 2.1.0 (OASIS). */
export const sarif: Output = {
  name: 'sarif',
  format: report => {
    const rules = [...new Set(report.findings.map(({ rule }) => rule))].toSorted()
    const driver = { name: 'bulkhead', version: bulkheadVersion, rules: rules.map(rule => ruleOf(rule, report)) }
    const run = { tool: { driver }, columnKind: 'utf16CodeUnits', results: report.findings.map(finding => resultOf(finding, rules)) }
    return JSON.stringify({ $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }, null, 2)
  },
}

function ruleOf(id: string, { describe }: Report) {
  const { title, serves } = describe(id)
  return { id, shortDescription: { text: title }, ...(serves.length === 0 ? {} : { properties: { tags: serves } }) }
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
  }
}

/** Relative, as code scanning wants it, and with everything encoded that is no part of a path. */
const uriOf = (file: string): string => (file === '-' ? 'stdin' : file.replace(/^\.\//, '').split('/').map(encodeURIComponent).join('/'))
