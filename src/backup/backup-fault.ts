// What is wrong with a backup or its target, in a sentence for an operator.
import { UserError } from '../base/user-error.ts'

/**
 * `damaged`: something was changed or is missing. `rolled-back`: an older backup is presented as the newest. `key`: it cannot be opened or its
 * signature is another's. `target`: the target does not do what it must.
 */
export type BackupFaultKind = 'damaged' | 'rolled-back' | 'key' | 'target'

export class BackupFault extends UserError {
  readonly fault: BackupFaultKind
  constructor(fault: BackupFaultKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BackupFault'
    this.fault = fault
  }
}
