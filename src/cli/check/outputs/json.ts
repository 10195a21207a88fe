import { printableJson } from '../../terminal/printable.ts'
import type { Output } from './output.ts'

/** For programs: an object with everything that is known about each finding. */
export const json: Output = {
  name: 'json',
  format: ({ findings, objects, files, foreign, excepted, fixed, describe }) =>
    printableJson({
      kind: 'CheckReport',
      apiVersion: 'check.bulkhead.dev/v1alpha1',
      ...{ objects, files, foreign, excepted, fixed },
      findings: findings.map(finding => ({ ...finding, serves: describe(finding.rule).serves })),
    }),
}
