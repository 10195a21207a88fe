// A process without rights whose work attempts what it must not do.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { isJsonObject } from '../../base/json.ts'
import { codeOf, UserError } from '../../base/user-error.ts'
import { serveWork } from './serve-work.ts'

/** Each returns what an attacker would gain. */
const steps: Readonly<Record<string, (folder: string) => unknown>> = {
  read: folder => readFileSync(join(folder, 'secret'), 'utf8'),
  'read elsewhere': () => readFileSync('/etc/passwd', 'utf8'),
  write: folder => writeFileSync(join(folder, 'written'), ''),
  spawn: () => spawnSync('/bin/true').status,
  thread: () => new Worker('', { eval: true }).threadId,
  evaluate: () => new Function('return 1')(),
  connect: async () => await once(connect({ host: '127.0.0.1', port: 9 }), 'connect'),
  listen: async () => await once(createServer().listen(0), 'listening'),
  environment: () => Object.keys(process.env).filter(name => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)),
  fail: () => {
    throw new UserError('It is malformed')
  },
  crash: () => {
    throw new Error('A fault')
  },
  'fill the heap': () => Array.from({ length: 1e9 }, (_, at) => ({ at })),
  'fill buffers': () => Array.from({ length: 100 }, () => Buffer.alloc(10 * 1024 ** 2, 1)).length,
  loop: () => {
    for (;;) Math.random()
  },
  'answer much': () => 'x'.repeat(10 * 1024 ** 2),
}

serveWork({
  attempt: async () => ({
    async run(input, [readable]) {
      const { step, folder } = isJsonObject(input) ? input : {}
      const attempt = steps[String(step)]
      if (attempt === undefined) throw new Error('No such step')
      try {
        return await attempt(readable ?? String(folder))
      } catch (err) {
        if (codeOf(err) === 'ERR_ACCESS_DENIED' || err instanceof EvalError) return `refused: ${codeOf(err) || err}`
        throw err
      }
    },
  }),
})
