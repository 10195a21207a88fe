import type { Finding } from '../finding.ts'
import type { Output } from './output.ts'

/** For CI systems that show tests: a suite for each file, a case for each object, a failure for each finding that is no note. */
export const junit: Output = {
  name: 'junit',
  format: ({ findings, objects }) => {
    const failing = findings.filter(({ severity }) => severity !== 'note')
    const suites = [...Map.groupBy(failing, ({ file }) => file)].map(([file, inFile]) => {
      const cases = [...Map.groupBy(inFile, caseName)].map(
        ([name, those]) =>
          `    <testcase classname="${escaped(file)}" name="${escaped(name)}">\n${those.map(failure).join('\n')}\n    </testcase>`,
      )
      return `  <testsuite name="${escaped(file)}" tests="${cases.length}" failures="${inFile.length}">\n${cases.join('\n')}\n  </testsuite>`
    })
    // Something that passed must stand there, or CI takes the report for an empty one.
    const passed = `  <testsuite name="bulkhead check" tests="1" failures="0">\n    <testcase classname="bulkhead" name="${objects} objects were judged"/>\n  </testsuite>`
    const head = `<testsuites name="bulkhead check" failures="${failing.length}">`
    return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...suites, passed, '</testsuites>'].join('\n')
  },
}

function caseName({ object, line }: Finding): string {
  if (object === undefined) return `line ${line}`
  return `${object.kind} ${object.namespace === undefined ? '' : `${object.namespace}/`}${object.name}`
}

function failure({ rule, severity, message, file, line, column, field }: Finding): string {
  const text = `${file}:${line}:${column}${field === undefined ? '' : `: ${field}`}`
  return `      <failure type="${escaped(`${severity}: ${rule}`)}" message="${escaped(message)}">${escaped(text)}</failure>`
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

/** Control characters have no form in XML 1.0: they become a question mark. */
function escaped(value: string): string {
  return value.replaceAll(/[&<>"'\n\t\r]/g, char => entities[char] ?? char).replaceAll(/\p{Cc}/gu, '?')
}
