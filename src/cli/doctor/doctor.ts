// `bulkhead doctor`: runs every check, and reports what is not as it should be and what mends it.
import { systemClock } from '../../base/clock.ts'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { findDataDirectory, findUp } from '../connection/find-cluster.ts'
import { printableJson } from '../terminal/printable.ts'
import { type Check, notApplicable, type Verdict, warning } from './check.ts'
import { checks } from './checks/index.ts'
import { readCluster } from './cluster-facts.ts'
import { countsOf, formatReport, type Result } from './format.ts'
import { type FoundUp, type Machine, NotSeen, thisMachine } from './machine.ts'

export interface DoctorFlags {
  readonly dataDir?: string
  readonly output?: 'text' | 'json'
}

/** Returns the exit code: 1 if a check fails. */
export async function doctor(flags: DoctorFlags, print: (text: string) => void): Promise<number> {
  const directory = findDataDirectory(flags.dataDir)
  const up = await findUp(directory).catch((err: unknown): FoundUp => {
    if (codeOf(err) === 'EACCES') return 'hidden'
    // It is stopped or hangs.
    if (err instanceof UserError) return { problem: err.message }
    throw err
  })
  const cluster = up === undefined || up === 'hidden' || 'problem' in up ? undefined : await readCluster(directory.path, systemClock.now)
  const results = await runChecks(checks, thisMachine(directory, up, cluster))
  const report = {
    ...{ dataDirectory: directory.path, running: up !== undefined, results },
    unseen: [...new Set(results.flatMap(({ unseen }) => unseen ?? []))],
  }
  print(flags.output === 'json' ? printableJson({ ...report, counts: countsOf(results) }) : formatReport(report))
  return results.some(({ state }) => state === 'failure') ? 1 : 0
}

/** One after the other: some start programs, and the machine may be in trouble. */
export async function runChecks(list: readonly Check[], machine: Machine): Promise<Result[]> {
  const results: Result[] = []
  for (const check of list) {
    const { id, group, title, reads, forNodes } = check
    const outcome =
      forNodes === true && machine.userId !== 0 && !machine.exists(machine.node.containerdRoot)
        ? notApplicable('nodes of this user are simulated')
        : await outcomeOf(check, machine)
    results.push({ id, group, title, reads, ...outcome })
  }
  return results
}

async function outcomeOf(check: Check, machine: Machine): Promise<Verdict & { readonly unseen?: string }> {
  try {
    return await check.run(machine)
  } catch (err) {
    if (err instanceof NotSeen) return { ...notApplicable('not seen: it needs root'), unseen: err.message }
    return warning(`could not be checked: ${messageOf(err)}`, 'run "bulkhead doctor" as root')
  }
}
