// Resets with this terminal, on this machine.
import { homedir } from 'node:os'
import { thisTerminal } from './confirm.ts'
import { thisMachineState } from './machine-state.ts'
import { type ResetFlags, reset } from './reset.ts'

export function resetHere(flags: ResetFlags, print: (text: string) => void): Promise<void> {
  const userId = process.geteuid?.() ?? -1
  const machine = userId === 0 ? thisMachineState : undefined
  return reset(flags, { terminal: thisTerminal, machine, userId, home: homedir(), print })
}
