import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OwnAsyncDisposableStack } from './async-disposable-stack.ts'

interface Outcome {
  readonly log: readonly string[]
  readonly error: unknown
}

type Stack = AsyncDisposableStack

async function outcomeOf(create: () => Stack, act: (stack: Stack, log: string[]) => void | Promise<void>): Promise<Outcome> {
  const log: string[] = []
  const stack = create()
  try {
    await act(stack, log)
    await stack.disposeAsync()
    return { log: [...log, `disposed ${stack.disposed}`], error: undefined }
  } catch (err) {
    return { log, error: describe(err) }
  }
}

/** Without the message, in which engines differ. */
function describe(err: unknown): unknown {
  if (!(err instanceof Error)) return err
  if (err.name !== 'SuppressedError') return err.name
  const { error, suppressed } = err as Error & { error: unknown; suppressed: unknown }
  return [describe(error), describe(suppressed)]
}

const failing = (name: string) => () => {
  throw name
}

const cases: Readonly<Record<string, (stack: Stack, log: string[]) => void | Promise<void>>> = {
  'ends what came last first': (stack, log) => {
    stack.use({ [Symbol.dispose]: () => void log.push('sync') })
    stack.use({ [Symbol.asyncDispose]: async () => void log.push('async') })
    stack.adopt('adopted', value => void log.push(value))
    stack.defer(() => void log.push('deferred'))
    stack.use(null)
    stack.use(undefined)
  },
  'waits for each end before the next': (stack, log) => {
    stack.defer(() => void log.push('second'))
    stack.defer(async () => {
      await Promise.resolve()
      log.push('first')
    })
  },
  'ends once': async (stack, log) => {
    stack.defer(() => void log.push('once'))
    await stack.disposeAsync()
    await stack[Symbol.asyncDispose]()
  },
  'calls an end on its value': (stack, log) => {
    stack.use({
      name: 'it',
      [Symbol.asyncDispose](this: { name: string }) {
        log.push(this.name)
        return Promise.resolve()
      },
    })
  },
  'moves what it holds': async (stack, log) => {
    stack.defer(() => void log.push('moved'))
    const moved = stack.move()
    log.push(`disposed ${stack.disposed} ${moved.disposed}`)
    await stack.disposeAsync()
    await moved.disposeAsync()
  },
  'takes nothing once it is disposed': async stack => {
    await stack.disposeAsync()
    stack.defer(() => undefined)
  },
  'is not moved once it is disposed': async stack => {
    await stack.disposeAsync()
    stack.move()
  },
  'refuses a value without an end': stack => void stack.use({} as Disposable),
  'throws the error of an end': (stack, log) => {
    stack.defer(() => void log.push('still ended'))
    stack.defer(failing('a'))
  },
  'throws errors of several ends, the later suppressing the earlier': stack => {
    stack.defer(failing('c'))
    stack.defer(failing('b'))
    stack.defer(failing('a'))
  },
}
for (const [name, act] of Object.entries(cases)) {
  test(`AsyncDisposableStack ${name}, like the language's own`, async () => {
    const own = await outcomeOf(() => new OwnAsyncDisposableStack(), act)
    assert.deepEqual(own, await outcomeOf(() => new AsyncDisposableStack(), act))
  })
}
