// One place for the version that every command prints.

export const bulkheadVersion = '0.1.0'
