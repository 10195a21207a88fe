// The command line. Each command is one file in commands/; its code is loaded when it is called.
import { compactHeap } from '../base/compact-heap.ts'
import { codeOf } from '../base/user-error.ts'
import { runCommandLine } from './command-line.ts'

compactHeap()
// Whoever reads the output may have enough of it (`| head`).
process.stdout.on('error', err => {
  if (codeOf(err) !== 'EPIPE') throw err
  process.exit()
})
await runCommandLine(process.argv.slice(2), process)
// A pipe takes what is written piece by piece, and exiting drops the rest.
await Promise.all([process.stdout, process.stderr].map(stream => new Promise(resolve => stream.write('', resolve))))
// Sockets that are kept for reuse must not hold a finished command.
process.exit()
