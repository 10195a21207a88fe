// `bulkhead sbom`: prints what is in an image or a folder.

import { writeCycloneDx } from '../../supply-chain/packages/formats/cyclonedx.ts'
import type { Origin } from '../../supply-chain/packages/formats/origin.ts'
import { writeSpdx } from '../../supply-chain/packages/formats/spdx.ts'
import type { Software } from '../../supply-chain/packages/software.ts'
import { printable, printableJson } from '../terminal/printable.ts'
import { bulkheadVersion } from '../terminal/version.ts'
import { readSoftware } from './read-software.ts'
import { softwareTable } from './software-table.ts'

export interface SbomFlags {
  readonly output?: 'table' | 'cyclonedx' | 'spdx' | 'json'
  readonly image?: string
  readonly platform?: string
}

export interface SbomEnvironment {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly print: (text: string) => void
  /** For what is no part of the output. */
  readonly warn: (text: string) => void
}

const maxWarnings = 10

/** Rejects with a UserError. */
export async function sbom(flags: SbomFlags, target: string, { now, print, warn }: SbomEnvironment, signal: AbortSignal): Promise<void> {
  const software = await readSoftware(target, flags, signal)
  print(textOf(software, flags.output ?? 'table', now))
  for (const { path, reason } of software.skipped.slice(0, maxWarnings))
    warn(`bulkhead: Did not read ${printable(path)}: ${printable(reason)}`)
  const rest = software.skipped.length - maxWarnings
  if (rest > 0) warn(`bulkhead: Did not read ${rest} more files: --output json lists them`)
}

function textOf(software: Software, output: NonNullable<SbomFlags['output']>, now: number): string {
  const origin: Origin = { tool: 'bulkhead', version: bulkheadVersion, createdAt: `${new Date(now).toISOString().slice(0, 19)}Z` }
  if (output === 'cyclonedx') return writeCycloneDx(software, origin).trimEnd()
  if (output === 'spdx') return writeSpdx(software, origin).trimEnd()
  return output === 'json' ? printableJson(software) : softwareTable(software)
}
