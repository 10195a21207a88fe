// `bulkhead doctor`: runs every check, and reports what is not as it should be and what mends it.
import { systemClock } from '../../base/clock.ts'
import { codeOf, messageOf } from '../../base/user-error.ts'
import { findDataDirectory, findUp } from '../connection/find-cluster.ts'
import { printableJson } from '../terminal/printable.ts'
import { type Check, notApplicable, type Verdict, warning } from './check.ts'
import { checks } from './checks/index.ts'
import { readCluster } from './cluster-facts.ts'
import { countsOf, formatReport, type Result } from './format.ts'
import { type Machine, NotSeen, thisMachine } from './machine.ts'

export interface DoctorFlags {
  readonly dataDir?: string
  readonly output?: 'text' | 'json'
}

/** Returns the exit code: 1 if a check fails. */
export async function doctor(flags: DoctorFlags, print: (text: string) => void): Promise<number> {
  const directory = findDataDirectory(flags.dataDir)
  const unseen: string[] = []
  const up = await findUp(directory).catch((err: unknown) => {
    unseen.push(codeOf(err) === 'EACCES' ? 'the running cluster' : messageOf(err))
    return undefined
  })
  const cluster = up === undefined ? undefined : await readCluster(directory.path, systemClock.now)
  const machine = thisMachine(directory, up, cluster)
  const results = await runChecks(checks, machine)
  const report = {
    ...{ dataDirectory: directory.path, running: up !== undefined, results },
    unseen: [...unseen, ...results.flatMap(({ unseen }) => unseen ?? [])],
  }
  print(flags.output === 'json' ? printableJson({ ...report, counts: countsOf(results) }) : formatReport(report))
  return results.some(({ state }) => state === 'failure') ? 1 : 0
}

/** One after the other: some start programs, and the machine may be in trouble. */
export async function runChecks(list: readonly Check[], machine: Machine): Promise<Result[]> {
  const results: Result[] = []
  for (const check of list) {
    const { id, group, title, forNodes } = check
    const outcome =
      forNodes === true && machine.userId !== 0 && !machine.exists(machine.node.containerdRoot)
        ? notApplicable('nodes of this user are simulated')
        : await outcomeOf(check, machine)
    results.push({ id, group, title, ...outcome })
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
