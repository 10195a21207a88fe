import { printable } from '../../terminal/printable.ts'
import { type Finding, objectName } from '../finding.ts'
import type { Output } from './output.ts'

const commands = { error: 'error', warning: 'warning', note: 'notice' } as const

/** For GitHub Actions: workflow commands, which are shown next to the lines of a pull request. */
export const github: Output = {
  name: 'github',
  format: ({ findings }) => findings.map(finding => printable(annotation(finding))).join('\n'),
}

function annotation({ severity, file, line, column, rule, message, field, object }: Finding): string {
  const properties = `file=${property(file)},line=${line},col=${column},title=${property(rule)}`
  return `::${commands[severity]} ${properties}::${data(`${object === undefined ? '' : `${objectName(object)}: `}${field === undefined ? '' : `${field}: `}${message}`)}`
}

/** Escapes text so that a manifest cannot write a command of its own. */
const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
