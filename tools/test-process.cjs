// Loaded first in each process of the unit tests. The test runner follows every promise with a hook of its own, only to tell which test an error belongs to
// that nobody caught: a tenth of all the time, and much work for the garbage collector. Here such an error ends the process, which fails it.
const hooks = require('node:async_hooks')
const { isMainThread } = require('node:worker_threads')

const inert = { enable: () => inert, disable: () => inert }
hooks.createHook = () => inert

// A thread's errors are its parent's events.
if (isMainThread)
  for (const event of ['uncaughtException', 'unhandledRejection'])
    process.on(event, err => {
      process.stderr.write(`${event}: ${err instanceof Error ? err.stack : String(err)}\n`)
      process.exit(1)
    })
