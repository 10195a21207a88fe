// Flags that many commands have, with the same words in each help.

/** A flag with a text that may be left out. */
export const optionalText = { kind: 'parsed', parse: String, optional: true } as const

export const dataDirFlag = {
  ...optionalText,
  brief: 'Data directory of the cluster, as for "bulkhead up"',
  placeholder: 'DIR',
} as const

export const outputFlag = { kind: 'enum', values: ['text', 'json'], optional: true, brief: 'Output format (default: text)' } as const
