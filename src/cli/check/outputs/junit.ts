import { type Finding, objectName } from '../finding.ts'
import type { Output } from './output.ts'

/** For CI systems that show tests: one suite per file, one case per object; a case fails on any finding other than a note. */
export const junit: Output = {
  name: 'junit',
  format: ({ findings, objects }) => {
    const failing = findings.filter(({ severity }) => severity !== 'note')
    const suites = [...Map.groupBy(failing, ({ file }) => file)].map(([file, inFile]) => {
      const cases = [...Map.groupBy(inFile, caseName)].map(([name, those]) => testCase(file, name, those))
      return {
        cases: cases.length,
        text: `  <testsuite name="${escaped(file)}" tests="${cases.length}" failures="${cases.length}">\n${cases.join('\n')}\n  </testsuite>`,
      }
    })
    const failed = suites.reduce((sum, { cases }) => sum + cases, 0)
    // A report needs at least one passed test, or CI systems treat it as empty.
    const passed = `  <testsuite name="bulkhead check" tests="1" failures="0">\n    <testcase classname="bulkhead" name="${objects} objects were checked"/>\n  </testsuite>`
    const head = `<testsuites name="bulkhead check" tests="${failed + 1}" failures="${failed}">`
    return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...suites.map(({ text }) => text), passed, '</testsuites>'].join('\n')
  },
}

const caseName = ({ object, line }: Finding): string => (object === undefined ? `line ${line}` : objectName(object))

/** One failure per case, however many findings its object has, because readers compare failures with cases. */
function testCase(file: string, name: string, findings: readonly Finding[]): string {
  const [first] = findings
  const title =
    findings.length === 1
      ? (first?.message ?? '')
      : `${findings.length} findings: ${[...new Set(findings.map(({ rule }) => rule))].join(', ')}`
  const lines = findings.map(({ rule, severity, message, line, column, field }) => {
    return `${file}:${line}:${column}: ${severity}: ${field === undefined ? '' : `${field}: `}${message} [${rule}]`
  })
  const failure = `      <failure type="${escaped(first?.rule ?? '')}" message="${escaped(title)}">${escaped(lines.join('\n'))}</failure>`
  return `    <testcase classname="${escaped(file)}" name="${escaped(name)}">\n${failure}\n    </testcase>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
  '\t': '&#9;',
  '\r': '&#13;',
}

/** XML 1.0 cannot express control characters: they become a question mark. */
function escaped(value: string): string {
  return value.replaceAll(/[&<>"'\n\t\r]/g, char => entities[char] ?? char).replaceAll(/\p{Cc}/gu, '?')
}
