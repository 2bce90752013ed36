import Type from 'typebox'

const createAliasSchema = Type.Object({
  create_alias: Type.Object({ collection_name: Type.String(), alias_name: Type.String() })
})
const deleteAliasSchema = Type.Object({
  delete_alias: Type.Object({ alias_name: Type.String() })
})
const renameAliasSchema = Type.Object({
  rename_alias: Type.Object({ old_alias_name: Type.String(), new_alias_name: Type.String() })
})

export const changeAliasesSchema = Type.Object({
  actions: Type.Array(Type.Union([createAliasSchema, deleteAliasSchema, renameAliasSchema]))
})
export type AliasAction = Type.Static<typeof changeAliasesSchema>['actions'][number]
