// The attacker in a process of its own. Standard input: credentials and the attack's name; it prepares, says "ready" on standard error, repeats until SIGTERM and
// prints how it was answered.
import { json } from 'node:stream/consumers'
import { compactHeap } from '../../src/base/v8/compact-heap.ts'
import { Connections, type Credentials } from '../load/connections.ts'
import { type Answers, repeated, sendAll } from './attack.ts'
import { attacks } from './attacks.ts'

export interface AttackOrder {
  readonly credentials: Credentials
  readonly attack: string
  readonly phase: 'prepare' | 'repeat'
}

const preparingInFlight = 16
const usualInFlight = 64

compactHeap()
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const order = (await json(process.stdin)) as AttackOrder
const attack = attacks.find(({ id }) => id === order.attack)
if (attack === undefined) throw new Error(`there is no attack ${order.attack}`)
using connections = await Connections.open(order.credentials, 4)
const answers: Answers = {}
if (order.phase === 'prepare') await sendAll(connections, attack.prepare?.() ?? [], preparingInFlight, answers)
else {
  // Those that wait for an answer when it ends need not come to an end.
  // Where the server closes the connections, nothing else would keep the process until then.
  const staying = setInterval(() => undefined, 1000)
  const ended = new Promise<void>(resolve => stop.signal.addEventListener('abort', () => resolve(), { once: true }))
  void ended.then(() => clearInterval(staying))
  const sending = sendAll(connections, repeated(attack, stop.signal), attack.inFlight ?? usualInFlight, answers)
  sending.catch((err: unknown) => {
    answers[String(err).slice(0, 120)] = 1
  })
  await ended
}
process.stdout.write(JSON.stringify(answers), () => process.exit(0))
