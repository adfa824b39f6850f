extension ModelFolder {
  /// The most steps that a request may ask for, by stage: as many as the schedules have timesteps.
  ///
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  package func mostSteps() throws -> [DenoisingStage: Int] {
    let shape = try ModelShape(self)
    return Dictionary(uniqueKeysWithValues: DenoisingStage.allCases.map { ($0, shape.mostSteps($0)) })
  }
}
