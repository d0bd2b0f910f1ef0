// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {ICreditToken} from "../../../src/interfaces/ICreditToken.sol";
import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Roles} from "../../../src/libraries/Roles.sol";
import {System} from "../../support/System.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// What the threat model admits that roles can do, and where it says that this ends.
contract WhatRolesCanDoTest is System {
    address private operator;
    address private proposer;
    bytes32 private providerId;

    function setUp() public {
        deploySystem();
        (operator, proposer) = (named("operator"), named("proposer"));
        authority.grantRole(Roles.PROPOSER, proposer, 0);
        vm.deal(operator, 10 ether);
        vm.startPrank(operator);
        providerId = providers.register("provider", operator, operator, bytes32(0));
        stakes.stakeProvider{value: 1 ether}(providerId);
        vm.stopPrank();
    }

    /// One wei holds back the pay of a provider that has no more than the least stake, for ten days at most and not if it retires.
    function test_aProposalHoldsBackWhoHasTheLeastStake() public {
        assertTrue(providers.isPayable(providerId), "before");
        vm.prank(proposer);
        bytes32 slashId = stakes.proposeSlash(providerId, 1, "reason");
        assertTrue(!providers.isPayable(providerId), "held back");
        vm.prank(operator);
        stakes.appeal(slashId, "statement");
        vm.warp(block.timestamp + 10 days);
        stakes.dismiss(slashId);
        assertTrue(providers.isPayable(providerId), "and no longer");
        vm.prank(proposer);
        stakes.proposeSlash(providerId, 1, "another reason");
        vm.prank(operator);
        providers.retire(providerId);
        assertTrue(providers.isPayable(providerId), "who retires is paid");
    }

    /// With the launch's cap, twice the least stake is out of a proposer's reach, in however many proposals.
    function testFuzz_twiceTheLeastStakeIsOutOfReach(uint256 first) public {
        vm.prank(operator);
        stakes.stakeProvider{value: 1 ether}(providerId);
        first = bound(first, 1, 1 ether - 1);
        vm.startPrank(proposer);
        stakes.proposeSlash(providerId, uint128(first), "reason");
        stakes.proposeSlash(providerId, uint128(1 ether - first), "another reason");
        vm.expectRevert(abi.encodeWithSelector(IStakes.AboveCap.selector, providerId, 1, 0));
        stakes.proposeSlash(providerId, 1, "a third reason");
        vm.stopPrank();
        assertTrue(providers.isPayable(providerId), "paid");
    }

    /// Three proposals of one wei stop attestations where oracles have the least stake; the review that follows a dismissal lets them go on.
    function test_proposalsStrikeOraclesWithTheLeastStake() public {
        address[5] memory members;
        uint256[5] memory keys;
        string[5] memory names = ["oracle 1", "oracle 2", "oracle 3", "oracle 4", "oracle 5"];
        for (uint256 i = 0; i < 5; ++i) {
            (members[i], keys[i]) = account(names[i]);
            vm.deal(members[i], 1 ether);
            vm.startPrank(members[i]);
            stakes.stakeOracle{value: 1 ether}();
            quorum.registerKey(address(scheme), abi.encodePacked(members[i]), "");
            vm.stopPrank();
        }
        quorum.rotate(address(scheme), members);
        bytes memory proof = abi.encodePacked(uint8(31));
        for (uint256 i = 0; i < 5; ++i) {
            proof = abi.encodePacked(proof, signed(keys[i], "digest"));
        }
        assertEq(quorum.verify("digest", 1, proof), 31, "all sign");
        bytes32[3] memory slashes;
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 stakeId = stakes.oracleStakeId(members[i]);
            vm.prank(proposer);
            slashes[i] = stakes.proposeSlash(stakeId, 1, "reason");
        }
        quorum.review(1);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.QuorumTooSmall.selector, 2, 3));
        quorum.verify("digest", 1, proof);
        stakes.dismiss(slashes[0]);
        quorum.review(1);
        assertEq(quorum.verify("digest", 1, proof), 31, "three count again");
    }

    /// The governor's delay is worth one warning: who is granted the role without a delay has none.
    function test_theDelayIsWorthOneWarning() public {
        (address council, address heir) = (named("council"), named("heir"));
        authority.setRoleAdmin(Roles.GOVERNOR, Roles.GOVERNOR);
        authority.grantRole(Roles.GOVERNOR, council, 2 days);
        bytes memory grant = abi.encodeCall(IAccessManager.grantRole, (Roles.GOVERNOR, heir, 0));
        bytes32 operation = authority.hashOperation(council, address(authority), grant);
        vm.startPrank(council);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, operation));
        authority.grantRole(Roles.GOVERNOR, heir, 0);
        authority.schedule(address(authority), grant, 0);
        vm.warp(block.timestamp + 2 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotReady.selector, operation));
        authority.grantRole(Roles.GOVERNOR, heir, 0);
        vm.warp(block.timestamp + 1);
        authority.grantRole(Roles.GOVERNOR, heir, 0);
        vm.stopPrank();
        vm.prank(heir);
        credits.setVenue(address(vault), ICreditToken.Venue.Leaving);
        // Parameters keep their own timelock.
        vm.startPrank(heir);
        governor.propose("providerStakeMin", 2 ether);
        vm.expectRevert(
            abi.encodeWithSelector(
                IParamGovernor.TimelockRunning.selector, bytes32("providerStakeMin"), block.timestamp + governor.timelock()
            )
        );
        governor.enact("providerStakeMin");
        vm.stopPrank();
    }
}
