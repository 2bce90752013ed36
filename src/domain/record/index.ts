export * from './frame.ts'
export * from './layout.ts'
export * from './sections.ts'
export * from './space.ts'
