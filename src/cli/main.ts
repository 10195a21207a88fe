// The entry of the command line. Each command is one file in commands/, whose code is loaded when it is called.
import { codeOf } from '../base/user-error.ts'
import { compactHeap } from '../base/v8/compact-heap.ts'
import { runCommandLine } from './command-line.ts'

compactHeap()
// The reader of the output may stop early (`| head`).
process.stdout.on('error', err => {
  if (codeOf(err) !== 'EPIPE') throw err
  process.exit()
})
await runCommandLine(process.argv.slice(2), process)
// A pipe takes the output in pieces, and exiting would drop the rest.
await Promise.all([process.stdout, process.stderr].map(stream => new Promise(resolve => stream.write('', resolve))))
// Sockets that are kept for reuse must not delay the end of a command.
process.exit()
