import Coordinator
import Shared
import Testing

@Suite struct ModelNamesTests {
  private func model(_ name: String, _ digest: String) -> ModelInfo {
    ModelInfo(
      name: name, digest: digest, size: PictureSize(width: 8, height: 8), defaults: .karlo, readsPictures: true,
      hasPrior: true)
  }

  @Test func `the configuration says what a name means, whoever says hello`() {
    var names = ModelNames([model("a", "1")])
    let isTaken = names.take(model("a", "2")) { _ in false }
    #expect(!isTaken)
    #expect(names.digest(of: "a") == "1")
    #expect(names.conflict(of: model("a", "2"))?.contains("other weights as 'a' (2) than the coordinator's") == true)
    #expect(names.conflict(of: model("a", "1")) == nil)
  }

  @Test func `the configuration says how a model is asked, whoever says hello`() {
    let configured = model("a", "1")
    var names = ModelNames([configured])
    var other = configured
    other.size = PictureSize(width: 4096, height: 4096)
    let answers = [names.take(other) { _ in false }, names.take(configured) { _ in false }]
    #expect(answers == [false, true])
    #expect(names.conflict(of: other)?.contains("other sizes, defaults or limits") == true)
    #expect(names.conflict(of: configured) == nil)
    // Over the wire every default has a value.
    var bare = configured
    bare.defaults = RenderParameters()
    #expect(ModelNames([bare]).conflict(of: configured) == nil)
  }

  @Test func `another name means what came first, until nobody holds that`() {
    var names = ModelNames()
    let answers = [
      names.take(model("a", "1")) { _ in false },
      names.take(model("a", "2")) { $0 == "1" },
      names.take(model("a", "1")) { _ in true },
    ]
    #expect(answers == [true, false, true])
    #expect(names.conflict(of: model("a", "2"))?.contains("than another worker (1)") == true)
    let isTaken = names.take(model("a", "2")) { _ in false }
    #expect(isTaken)
    #expect(names.digest(of: "a") == "2")
    #expect(names.conflict(of: model("a", "1")) != nil)
  }
}
