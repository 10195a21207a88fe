// All output formats; the default is the first.
import { cyclonedx } from './cyclonedx.ts'
import { json } from './json.ts'
import { sarif } from './sarif.ts'
import type { ScanOutput } from './scan-report.ts'
import { table } from './table.ts'

export const scanOutputs: readonly ScanOutput[] = [table, json, sarif, cyclonedx]
