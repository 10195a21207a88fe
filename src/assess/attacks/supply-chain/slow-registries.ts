// Registries that never answer, in this process: the images of a namespace must not delay those of another, nor use what others need.

import { httpsRegistries } from '../../../artifacts/https-registries.ts'
import { type Purpose, RegistryWork } from '../../../artifacts/registry-work.ts'
import { untilAborted } from '../../../base/async/abort.ts'
import type { Clock } from '../../../base/clock.ts'
import { UserError } from '../../../base/user-error.ts'
import { RegistryUnavailable } from '../../../supply-chain/oci/registry/registry-error.ts'
import type { AttemptLog } from '../../attempt-log.ts'

const purposes: readonly Purpose[] = ['admission', 'again', 'later']
/** As docs/image-policies.md publishes them: works at once of a namespace, and works of it that wait. */
const own: Readonly<Record<Purpose, number>> = { admission: 8, again: 4, later: 4 }
const waiting = 200
/** More than a namespace may have. */
const many = 300
/** Namespaces of one attacker: as many as can work at a time beside others, by purpose. */
const crowd: Readonly<Record<Purpose, number>> = { admission: 33, again: 9, later: 9 }

export async function trySlowRegistries(attempts: AttemptLog, systemClock: Clock): Promise<void> {
  const record = (name: string, sent: string, expected: string, answered: string) =>
    attempts.record({ name, sent, expected, answered, held: answered === expected })
  for (const purpose of purposes) {
    const bench = benchOf(systemClock, purpose)
    for (let image = 0; image < many; image++) bench.ask('attacker', `slow-${image}.invalid/app`, 'never')
    await turns()
    const { begun, refused } = bench.of('attacker')
    record(`${purpose}: works of one namespace`, `${many} images`, `${own[purpose]} at once`, `${begun} at once`)
    const tooMany = many - own[purpose] - waiting
    record(`${purpose}: works of one namespace that wait`, `${many} images`, `${tooMany} refused`, `${refused} refused`)
    const served = async (name: string, sent: string, repository: string) => {
      bench.ask('other', repository, 'at once')
      await turns()
      const answered = bench.answers.get(`other ${repository}`) ?? 'not answered'
      record(`${purpose}: an image of another namespace, ${name}`, sent, 'served', answered)
    }
    await served('while one has many slow ones', `${many} images`, 'good.invalid/one')
    for (let namespace = 1; namespace < crowd[purpose]; namespace++)
      for (let image = 0; image < 2 * own[purpose]; image++) bench.ask(`attacker-${namespace}`, `slow-${image}.invalid/app`, 'never')
    await turns()
    await served('while many have slow ones', `${crowd[purpose]} namespaces`, 'good.invalid/two')
    bench.end()

    const shared = benchOf(systemClock, purpose)
    for (let image = 0; image < many; image++) shared.ask('attacker', `shared.invalid/app-${image}`, 'never')
    shared.ask('failing', 'shared.invalid/app', 'fails')
    await turns()
    for (const [name, repository] of [
      ['of a registry that is slow for the first', 'shared.invalid/own'],
      ['of a repository that failed for the first', 'shared.invalid/app'],
    ] as const) {
      shared.ask('other', repository, 'at once')
      await turns()
      const answered = shared.answers.get(`other ${repository}`) ?? 'not answered'
      record(`${purpose}: an image of another namespace, ${name}`, repository, 'served', answered)
    }
    shared.ask('attacker', 'another.invalid/app', 'at once')
    await turns()
    const answered = shared.answers.get('attacker another.invalid/app') ?? 'not answered'
    record(`${purpose}: an image of another registry, while one is slow`, 'another.invalid/app', 'served', answered)
    shared.end()
  }
}

/** `end()` ends what still waits; until then no time passes. */
function benchOf(systemClock: Clock, purpose: Purpose) {
  const over = new AbortController()
  const never = new Promise<never>(() => undefined)
  const clock: Clock = {
    ...systemClock,
    sleep: (_, signal) => untilAborted(never, AbortSignal.any([over.signal, ...(signal ? [signal] : [])])),
  }
  const registries = httpsRegistries({ clock })
  const work = new RegistryWork(registries, clock)
  const answers = new Map<string, string>()
  const begun = new Map<string, number>()
  const ask = (namespace: string, repository: string, how: 'never' | 'at once' | 'fails') => {
    work
      .run({ purpose, namespace, repository, credentials: [] }, async () => {
        begun.set(namespace, (begun.get(namespace) ?? 0) + 1)
        if (how === 'never') await untilAborted(never, over.signal)
        if (how === 'fails') throw new RegistryUnavailable('it failed')
      })
      .then(
        () => answers.set(`${namespace} ${repository}`, 'served'),
        (err: unknown) => answers.set(`${namespace} ${repository}`, err instanceof UserError ? err.message : 'refused'),
      )
  }
  return {
    ask,
    answers,
    of: (namespace: string) => ({
      begun: begun.get(namespace) ?? 0,
      refused: [...answers].filter(([key, answer]) => key.startsWith(`${namespace} `) && answer === 'refused').length,
    }),
    end() {
      over.abort(new UserError('the attack is over'))
      registries[Symbol.dispose]()
    },
  }
}

/** Whatever can go on without time passing has gone on. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}
