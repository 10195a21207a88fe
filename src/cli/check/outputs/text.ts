import { styleText } from 'node:util'
import { writeJson } from '../../../base/write-json.ts'
import { printable } from '../../terminal/printable.ts'
import { type Finding, objectName } from '../finding.ts'
import type { Output, Report } from './output.ts'

const colors = { error: 'red', warning: 'yellow', note: 'blue' } as const

/** For people: one line per finding, in the format of compilers, and the patch that would pass. */
export const text: Output = {
  name: 'text',
  format: (report, { color }) => [...report.findings.flatMap(finding => lines(finding, color)), summary(report)].join('\n'),
}

function lines({ rule, severity, message, file, line, column, object, field, fix }: Finding, color: boolean): string[] {
  const level = color ? styleText(colors[severity], severity, { validateStream: false }) : severity
  const place = object === undefined ? '' : ` ${objectName(object)}:`
  const inField = field === undefined ? '' : ` ${field}:`
  // Escaped, because a foreign manifest must not control the terminal.
  const head = `${printable(`${file}:${line}:${column}`)}: ${level}:${printable(`${place}${inField} ${message.trim().replaceAll(/\s*\n\s*/g, '; ')} [${rule}]`)}`
  return fix === undefined ? [head] : [head, `    would pass with: ${printable(writeJson(fix))}`]
}

function summary({ findings, objects, files, foreign, excepted, fixed }: Report): string {
  const count = (severity: Finding['severity']) => findings.filter(finding => finding.severity === severity).length
  const several = (number: number, one: string) => `${number} ${one}${number === 1 ? '' : 's'}`
  return [
    `${several(objects, 'object')} in ${several(files, 'file')}`,
    `${several(count('error'), 'error')}, ${several(count('warning'), 'warning')}, ${several(count('note'), 'note')}`,
    ...(fixed > 0 ? [`${several(fixed, 'finding')} fixed`] : []),
    ...(excepted > 0 ? [`${several(excepted, 'finding')} suppressed by exceptions`] : []),
    ...(foreign > 0 ? [`${several(foreign, 'document')} not for Kubernetes skipped`] : []),
  ].join('; ')
}
