// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditToken} from "../../src/interfaces/ICreditToken.sol";
import {IMigrationClaims, IMigrationManifest} from "../../src/interfaces/IMigrationManifest.sol";
import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {IQuorumVerifier} from "../../src/interfaces/IQuorumVerifier.sol";
import {MigrationClaims} from "../../src/migration/MigrationClaims.sol";
import {MigrationManifest} from "../../src/migration/MigrationManifest.sol";
import {ManifestTree} from "../support/ManifestTree.sol";
import {Test} from "../support/Test.sol";
import {TokensCreditDouble} from "../support/doubles/TokensCreditDouble.sol";
import {TokensGovernorDouble} from "../support/doubles/TokensGovernorDouble.sol";
import {TokensQuorumDouble} from "../support/doubles/TokensQuorumDouble.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @notice Both ends of a migration in one world: owners, a governance that also names wrong roots and totals on the new chain, an honest quorum, and a bridge that brings over what it was paid.
contract MigrationHandler is Test {
    uint256 public constant OWNERS = 6;
    uint128 public constant EACH = 1_000e6;

    MigrationManifest public immutable manifest;
    MigrationClaims public immutable claims;
    TokensCreditDouble public immutable oldCredits = new TokensCreditDouble();
    TokensCreditDouble public immutable newCredits = new TokensCreditDouble();
    TokensQuorumDouble private immutable _quorum = new TokensQuorumDouble();

    uint256 public bridgedOver;
    uint256 public doubleClaims;
    uint256 public claimsPaid;
    uint256 public undoneAfterSeal;
    uint256 public sealedUnderWrongRoot;
    bool public everSealed;
    bool public everClaimable;

    constructor() {
        AccessManager manager = new AccessManager(address(this));
        IParamGovernor governor = IParamGovernor(address(new TokensGovernorDouble()));
        claims = new MigrationClaims(address(manager), governor, ICreditToken(address(newCredits)), IQuorumVerifier(address(_quorum)));
        manifest = new MigrationManifest(
            address(manager), governor, ICreditToken(address(oldCredits)), block.chainid, address(claims), address(this)
        );
        for (uint256 i = 0; i < OWNERS; ++i) {
            oldCredits.deposit(ownerAt(i), EACH);
            vm.prank(ownerAt(i));
            oldCredits.approve(address(manifest), type(uint256).max);
        }
        newCredits.approve(address(claims), type(uint256).max);
    }

    function ownerAt(uint256 index) public pure returns (address) {
        return address(uint160(0x5000 + index % OWNERS));
    }

    function enter(uint256 who, uint128 amount) external {
        address owner = ownerAt(who);
        uint256 most = oldCredits.balanceOf(owner);
        if (manifest.phase() != IMigrationManifest.Phase.Open || most == 0) return;
        vm.prank(owner);
        manifest.enter(address(uint160(owner) + 0x1000), uint128(bound(amount, 1, most)));
    }

    function withdraw(uint256 who) external {
        if (who % 4 != 0) return;
        vm.prank(ownerAt(who >> 2));
        try manifest.withdraw() {
            if (everSealed) ++undoneAfterSeal;
        } catch {}
    }

    function freeze() external {
        if (manifest.phase() != IMigrationManifest.Phase.Open || manifest.total() == 0) return;
        uint64 opened = manifest.openedAt();
        if (manifest.frozenAt() != 0) opened = manifest.frozenAt() + manifest.FROZEN_MAX();
        if (opened != 0 && block.timestamp < opened + manifest.REVIEW()) vm.warp(opened + manifest.REVIEW());
        manifest.freeze();
    }

    function tally(uint256 most) external {
        if (manifest.phase() == IMigrationManifest.Phase.Frozen) manifest.tally(bound(most, 1, OWNERS));
    }

    function passTime(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1 hours, 30 hours));
    }

    function rollback(bool byAnyone, uint256 seldom) external {
        if (seldom % 4 != 0) return;
        vm.prank(byAnyone ? address(0xabc) : address(this));
        try manifest.rollback() {
            if (everSealed) ++undoneAfterSeal;
        } catch {}
    }

    function sealOld() external {
        bytes32 root = manifest.root();
        try manifest.seal() {
            everSealed = true;
            if (root != ManifestTree.root(leaves())) ++sealedUnderWrongRoot;
        } catch {}
    }

    /// The bridge brings over what it was paid, and never more.
    function bridge(uint256 amount) external {
        uint256 most = oldCredits.asset().balanceOf(address(this));
        if (most == 0 || claims.phase() == IMigrationClaims.Phase.Sealed) return;
        // All of it, or a part that leaves the new chain short.
        amount = amount % 2 == 1 ? most : bound(amount, 1, most);
        oldCredits.asset().transfer(address(0xdead), amount);
        newCredits.deposit(address(this), amount);
        claims.fund(uint128(amount));
        bridgedOver += amount;
    }

    function freezeNew(uint256 wrong) external {
        if (claims.phase() != IMigrationClaims.Phase.Open || manifest.root() == bytes32(0)) return;
        bytes32 root = wrong % 4 == 1 ? bytes32(uint256(1)) : manifest.root();
        claims.freeze(manifest.manifestId(), root, manifest.total() + (wrong % 4 == 2 ? 1 : 0), manifest.entryCount());
    }

    function rollbackNew(uint256 seldom) external {
        if (seldom % 3 != 0) return;
        try claims.rollback() {
            if (everClaimable) ++undoneAfterSeal;
        } catch {}
    }

    function reclaim(uint256 seldom) external {
        if (seldom % 5 != 0) return;
        try claims.reclaim(address(this)) returns (uint128 amount) {
            // Back to the bridge, as it came.
            newCredits.redeem(address(0xdead), amount);
            oldCredits.asset().mint(address(this), amount);
            bridgedOver -= amount;
        } catch {}
    }

    /// The quorum is honest: it signs what it sees sealed on the old chain, and nothing else.
    function sealNew(uint64 epoch) external {
        bool same = claims.root() == manifest.root() && claims.total() == manifest.total();
        if (manifest.phase() == IMigrationManifest.Phase.Sealed && same && claims.manifestId() == manifest.manifestId()) {
            _quorum.attest(claims.sealDigest(epoch), epoch, "");
        }
        try claims.seal(epoch, "") {
            everClaimable = true;
        } catch {}
    }

    function claim(uint256 which, bool twice) external {
        uint256 count = manifest.entryCount();
        if (count == 0) return;
        which %= count;
        if (!_claim(which)) return;
        ++claimsPaid;
        if (twice && _claim(which)) ++doubleClaims;
    }

    /// The next step of a migration that goes well, so that runs do not wait for chance to come so far.
    function goOn() external {
        if (manifest.phase() == IMigrationManifest.Phase.Open) {
            this.freeze();
        } else if (manifest.phase() == IMigrationManifest.Phase.Frozen) {
            manifest.tally(OWNERS);
            vm.warp(block.timestamp + manifest.REVIEW());
            this.sealOld();
        } else if (claims.phase() == IMigrationClaims.Phase.Open) {
            this.freezeNew(0);
        } else if (claims.phase() == IMigrationClaims.Phase.Frozen) {
            this.bridge(type(uint256).max);
            this.sealNew(1);
        } else {
            this.claim(claimsPaid, true);
        }
    }

    function _claim(uint256 index) private returns (bool) {
        IMigrationManifest.Entry memory e = manifest.entryOf(index);
        try claims.claim(index, e.owner, e.recipient, e.amount, ManifestTree.proof(leaves(), index)) {
            return true;
        } catch {
            return false;
        }
    }

    function leaves() public view returns (bytes32[] memory list) {
        list = new bytes32[](manifest.entryCount());
        for (uint256 i = 0; i < list.length; ++i) {
            IMigrationManifest.Entry memory e = manifest.entryOf(i);
            list[i] = keccak256(bytes.concat(keccak256(abi.encode(manifest.manifestId(), i, e.owner, e.recipient, e.amount))));
        }
    }
}

contract MigrationInvariant is Test {
    MigrationHandler private _handler;

    function setUp() public {
        vm.warp(1_800_000_000);
        _handler = new MigrationHandler();
        _targetContract(address(_handler));
    }

    function invariant_CreditsAreTheEntriesUntilSealedAndNoneAfter() public view {
        MigrationManifest manifest = _handler.manifest();
        uint256 sum = 0;
        for (uint256 i = 0; i < manifest.entryCount(); ++i) {
            sum += manifest.entryOf(i).amount;
        }
        assertEq(manifest.total(), sum, "total is the sum of the entries");
        bool isSealed = manifest.phase() == IMigrationManifest.Phase.Sealed;
        assertEq(_handler.oldCredits().balanceOf(address(manifest)), isSealed ? 0 : sum, "credits");
        assertTrue(isSealed == _handler.everSealed(), "sealed for good");
    }

    function invariant_NoMoreIsClaimedThanBridgedAndNothingTwice() public view {
        MigrationClaims claims = _handler.claims();
        assertLe(claims.claimed(), claims.bridged(), "claimed");
        assertEq(claims.bridged(), _handler.bridgedOver(), "bridged");
        assertEq(_handler.newCredits().balanceOf(address(claims)), claims.bridged() - claims.claimed(), "what is left is there");
        assertEq(_handler.doubleClaims(), 0, "double claims");
        if (claims.phase() == IMigrationClaims.Phase.Sealed) assertGe(claims.bridged(), claims.total(), "covered for good");
    }

    /// A credit is on the old chain or on the new one: never on both.
    function invariant_NothingIsSpentOnBothChains() public view {
        uint256 all = _handler.OWNERS() * _handler.EACH();
        assertLe(_handler.oldCredits().totalSupply() + _handler.claims().claimed(), all, "spent twice");
        assertTrue(_handler.claims().claimed() == 0 || _handler.everSealed(), "claimed before the old chain was sealed");
    }

    /// While frozen and once sealed: no root before all is tallied, then that of the entries by definition. A freeze that ran out keeps its root until somebody acts.
    function invariant_TheRootIsThatOfAllEntries() public view {
        MigrationManifest manifest = _handler.manifest();
        if (manifest.phase() == IMigrationManifest.Phase.Open) return;
        bool isTallied = manifest.tallied() == manifest.entryCount();
        assertEq(manifest.root(), isTallied ? ManifestTree.root(_handler.leaves()) : bytes32(0), "root");
    }

    function invariant_NothingIsUndoneOnceSealedNorSealedUnderAWrongRoot() public view {
        assertEq(_handler.undoneAfterSeal(), 0, "undone");
        assertEq(_handler.sealedUnderWrongRoot(), 0, "wrong root");
    }

    function test_TheHandlerGoesAllTheWay() public {
        for (uint256 i = 0; i < 6; ++i) {
            _handler.enter(i, uint128(i + 10));
        }
        _handler.freeze();
        _handler.tally(6);
        _handler.passTime(25 hours);
        _handler.sealOld();
        _handler.freezeNew(0);
        _handler.bridge(type(uint256).max);
        _handler.sealNew(1);
        for (uint256 i = 0; i < 6; ++i) {
            _handler.claim(i, true);
        }
        assertEq(_handler.claimsPaid(), 6, "all paid");
        assertEq(_handler.claims().claimed(), 75, "in full");
    }
}
