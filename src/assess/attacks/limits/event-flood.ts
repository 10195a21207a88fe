// One source floods a namespace with Events about one object.
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import { ProofNamespace } from '../../proof-namespace.ts'
import { request } from '../../request.ts'

/** More than one source may write at once, 200, by far. */
const flood = 400

export async function floodWithEvents(context: ProofContext, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  await using namespace = await ProofNamespace.create(context, 'A1', signal)
  const involvedObject = { kind: 'Pod', name: 'none', namespace: namespace.name }
  const answers = await inParallel(
    Array.from({ length: flood }, (_, index) => index),
    index => {
      const body = { apiVersion: 'v1', kind: 'Event', metadata: { name: `e${index}` }, involvedObject, source: { component: 'x' } }
      return request(transport, { method: 'POST', path: namespace.core('events'), body }, signal)
    },
  )
  const refused = answers.filter(({ status }) => status === 429).length
  const stored = answers.filter(({ status }) => status === 201).length
  attempts.record({
    ...{ name: 'Events of one source about one object', sent: `${flood} Events`, expected: 'about 200 stored, the others answered 429' },
    ...{
      answered: `${stored} stored, ${refused} answered 429`,
      held: stored >= 200 && refused >= 100 && stored + refused === answers.length,
    },
  })
}
