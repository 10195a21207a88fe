// Loaded first in each process of the unit tests. The test runner follows every promise with a hook of its own, to tell which test an error belongs to
// that nobody caught: a tenth of all the time, and much work for the garbage collector. Here such an error ends the process, which fails it. What remains
// of the hook is what makes tests and hooks that a suite defines its own: they are defined before its function returns.
const hooks = require('node:async_hooks')
const { isMainThread } = require('node:worker_threads')

const { createHook } = hooks
hooks.createHook = ({ init }) =>
  createHook({
    init(id, type, trigger, resource) {
      if (type === 'Test') init?.(id, type, trigger, resource)
    },
    trackPromises: false,
  })

// A thread's errors are its parent's events.
if (isMainThread)
  for (const event of ['uncaughtException', 'unhandledRejection'])
    process.on(event, err => {
      process.stderr.write(`${event}: ${err instanceof Error ? err.stack : String(err)}\n`)
      process.exit(1)
    })
