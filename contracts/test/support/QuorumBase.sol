// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IParamGovernor} from "../../src/interfaces/IParamGovernor.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {Params} from "../../src/libraries/Params.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {BlsScheme} from "../../src/quorum/BlsScheme.sol";
import {EcdsaScheme} from "../../src/quorum/EcdsaScheme.sol";
import {QuorumVerifier} from "../../src/quorum/QuorumVerifier.sol";
import {BlsKit} from "./BlsKit.sol";
import {QuorumGovernorDouble} from "./doubles/QuorumGovernorDouble.sol";
import {QuorumStakesDouble} from "./doubles/QuorumStakesDouble.sol";

/// @notice A verifier with the members of the golden vectors, who have registered BLS keys and are staked, and no set yet.
abstract contract QuorumBase is BlsKit {
    uint64 internal constant START = 1_767_225_600;
    uint64 internal constant OVERLAP = 1 hours;

    AccessManager internal manager;
    QuorumGovernorDouble internal params;
    QuorumStakesDouble internal stakes;
    QuorumVerifier internal verifier;
    BlsScheme internal bls;
    EcdsaScheme internal ecdsa;
    address internal governance;
    address[5] internal members;

    function setUp() public virtual {
        vm.warp(START);
        governance = named("governance");
        manager = new AccessManager(address(this));
        params = new QuorumGovernorDouble();
        stakes = new QuorumStakesDouble();
        params.set(Params.EPOCH_OVERLAP, OVERLAP);
        verifier = new QuorumVerifier(address(manager), IParamGovernor(address(params)), IStakeManager(address(stakes)));
        bls = new BlsScheme();
        ecdsa = new EcdsaScheme();

        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = QuorumVerifier.rotate.selector;
        selectors[1] = QuorumVerifier.admitScheme.selector;
        manager.setTargetFunctionRole(address(verifier), selectors, Roles.GOVERNOR);
        manager.grantRole(Roles.GOVERNOR, governance, 0);
        vm.prank(governance);
        verifier.admitScheme(address(bls), true);

        for (uint256 i = 0; i < 5; ++i) {
            members[i] = address(bytes20(ofMember(i, "operator")));
            stakes.stakeOracle(members[i], true);
            vm.prank(members[i]);
            verifier.registerKey(address(bls), ofMember(i, "publicKey"), ofMember(i, "possession"));
        }
    }

    function rotate() internal returns (uint64) {
        vm.prank(governance);
        return verifier.rotate(address(bls), members);
    }

    /// A proof of the golden vectors, of the digest 0x9999…99.
    function proof(uint256 i) internal view returns (bytes memory) {
        return vector(string.concat(".cases[1].proofs[", vm.toString(i), "].proof"));
    }

    function digest() internal view returns (bytes32) {
        return bytes32(vector(".cases[1].digest"));
    }
}
